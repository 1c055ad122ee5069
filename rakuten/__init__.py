"""Library of product classification: data, training, fusion, evaluation and prediction; independent of Prefect."""
