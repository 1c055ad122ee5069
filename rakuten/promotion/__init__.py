"""Which model predicts: the gate a challenger must pass, the champion there is, and those that were."""
