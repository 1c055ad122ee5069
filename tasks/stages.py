"""The library's stages as tasks: one line each, and nothing but names and slots.

They bear no tags: for each tag of each run Prefect's server writes a concurrency record, and on SQLite some of these
writes meet, are answered 503 and tried again two seconds later.
"""

from rakuten.contracts.validation import accept_products as _accept_products
from rakuten.contracts.validation import check_table as _check_table
from rakuten.contracts.validation import validate_dump as _validate_dump
from rakuten.contracts.validation_page import render_validation as _render_validation
from rakuten.data.fitted_products import list_fitted_products as _list_fitted_products
from rakuten.data.split import pool_sides as _pool_sides
from rakuten.data.split import split_products as _split_products
from rakuten.dumps.merging import merge_products as _merge_products
from rakuten.dumps.products import read_products as _read_products
from rakuten.evaluation.compare_models import compare_models as _compare_models
from rakuten.evaluation.duplicates import find_duplicates as _find_duplicates
from rakuten.evaluation.evaluate import evaluate as _evaluate
from rakuten.evaluation.label_errors import find_label_errors as _find_label_errors
from rakuten.evaluation.near_twins import find_near_twins as _find_near_twins
from rakuten.evaluation.slices import score_slices as _score_slices
from rakuten.exploration.comparison import compare_parts as _compare_parts
from rakuten.exploration.comparison import compare_profiles as _compare_profiles
from rakuten.exploration.images import describe_images as _describe_images
from rakuten.exploration.page import render_exploration as _render_exploration
from rakuten.exploration.products import describe_products as _describe_products
from rakuten.exploration.profile import profile_products as _profile_products
from rakuten.exploration.repeats import find_repeats as _find_repeats
from rakuten.exploration.samples import draw_samples as _draw_samples
from rakuten.exploration.texts import profile_texts as _profile_texts
from rakuten.exploration.words import describe_words as _describe_words
from rakuten.fusion.stages import decide as _decide
from rakuten.fusion.stages import fuse as _fuse
from rakuten.images.features import extract_features as _extract_features
from rakuten.images.inspection import inspect_images as _inspect_images
from rakuten.images.joining import join_images as _join_images
from rakuten.images.measures import measure_images as _measure_images
from rakuten.images.resizing import resize_images as _resize_images
from rakuten.prediction.classify import classify_products as _classify_products
from rakuten.prediction.drop_train_rows import keep_unfitted as _keep_unfitted
from rakuten.prediction.packing import package_model as _package_model
from rakuten.promotion.drift import measure_drift as _measure_drift
from rakuten.promotion.first_champion import judge_first_champion as _judge_first_champion
from rakuten.promotion.keep_test_products import keep_test_products as _keep_test_products
from rakuten.promotion.stages import judge_challenger as _judge_challenger
from rakuten.reporting.decided import select_decided as _select_decided
from rakuten.reporting.examples import pick_examples as _pick_examples
from rakuten.reporting.lr_curve import draw_rate_curve as _draw_rate_curve
from rakuten.reporting.stages import render_report as _render_report
from rakuten.reporting.study import render_study as _render_study
from rakuten.reporting.study_steps import report_rates as _report_rates
from rakuten.reporting.study_steps import report_step as _report_step
from rakuten.reporting.submission import write_submission as _write_submission
from rakuten.reporting.thumbnails import cut_thumbnails as _cut_thumbnails
from rakuten.text.stages import clean_products as _clean_products
from rakuten.text.stages import find_corpus_words as _find_corpus_words
from rakuten.training.stages import refit_model as _refit_model
from rakuten.training.stages import search_learning_rate as _search_learning_rate
from rakuten.training.stages import train_model as _train_model
from tasks.stage_task import StageTask

read_products = StageTask(_read_products)
inspect_images = StageTask(_inspect_images)
validate_dump = StageTask(_validate_dump)
render_validation = StageTask(_render_validation)
accept_products = StageTask(_accept_products)
merge_products = StageTask(_merge_products)
check_table = StageTask(_check_table, label="file")
clean_products = StageTask(_clean_products)
split_products = StageTask(_split_products)
pool_sides = StageTask(_pool_sides)
list_fitted_products = StageTask(_list_fitted_products)
find_corpus_words = StageTask(_find_corpus_words)

resize_images = StageTask(_resize_images, label="size")
join_images = StageTask(_join_images)
extract_features = StageTask(_extract_features, label="backbone", slot=True)

train_model = StageTask(_train_model, label="recipe", slot=True)
refit_model = StageTask(_refit_model, label="recipe", slot=True)
search_learning_rate = StageTask(_search_learning_rate, label="recipe", slot=True)
draw_rate_curve = StageTask(_draw_rate_curve, label="name")

evaluate = StageTask(_evaluate, label="name")
keep_unfitted = StageTask(_keep_unfitted)
compare_models = StageTask(_compare_models)
find_near_twins = StageTask(_find_near_twins)
find_duplicates = StageTask(_find_duplicates)
find_label_errors = StageTask(_find_label_errors)
score_slices = StageTask(_score_slices)
select_decided = StageTask(_select_decided)
pick_examples = StageTask(_pick_examples)
cut_thumbnails = StageTask(_cut_thumbnails)
fuse = StageTask(_fuse, label="method")
decide = StageTask(_decide)
package_model = StageTask(_package_model)
classify_products = StageTask(_classify_products, label="part", slot=True)
render_report = StageTask(_render_report)
report_step = StageTask(_report_step, label="step")
report_rates = StageTask(_report_rates)
render_study = StageTask(_render_study)
write_submission = StageTask(_write_submission, label="part")
keep_test_products = StageTask(_keep_test_products)
judge_first_champion = StageTask(_judge_first_champion)
judge_challenger = StageTask(_judge_challenger)
measure_drift = StageTask(_measure_drift)

profile_texts = StageTask(_profile_texts)
measure_images = StageTask(_measure_images)
profile_products = StageTask(_profile_products)
describe_products = StageTask(_describe_products)
find_repeats = StageTask(_find_repeats)
describe_words = StageTask(_describe_words)
describe_images = StageTask(_describe_images)
draw_samples = StageTask(_draw_samples)
compare_parts = StageTask(_compare_parts)
compare_profiles = StageTask(_compare_profiles)
render_exploration = StageTask(_render_exploration)
