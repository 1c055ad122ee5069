"""The library's stages as tasks: one line each, and nothing but names and slots.

They bear no tags: for each tag of each run Prefect's server writes a concurrency record, and on SQLite some of these
writes meet, are answered 503 and tried again two seconds later.
"""

from rakuten.data.products import read_products as _read_products
from rakuten.data.split import split_products as _split_products
from rakuten.data.validation import accept_products as _accept_products
from rakuten.data.validation import check_table as _check_table
from rakuten.data.validation import validate_dump as _validate_dump
from rakuten.evaluation.evaluate import evaluate as _evaluate
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
from rakuten.fusion.stages import apply_vote as _apply_vote
from rakuten.fusion.stages import fuse_votes as _fuse_votes
from rakuten.images.features import extract_features as _extract_features
from rakuten.images.inspection import inspect_images as _inspect_images
from rakuten.images.measures import measure_images as _measure_images
from rakuten.images.resizing import resize_images as _resize_images
from rakuten.reporting.stages import render_report as _render_report
from rakuten.reporting.submission import write_submission as _write_submission
from rakuten.text.stages import clean_products as _clean_products
from rakuten.text.stages import find_corpus_words as _find_corpus_words
from rakuten.training import feature_head, image_network, text_hashes, text_network, text_ngrams, text_tfidf
from tasks.stage_task import StageTask

read_products = StageTask(_read_products)
inspect_images = StageTask(_inspect_images)
validate_dump = StageTask(_validate_dump)
accept_products = StageTask(_accept_products)
check_table = StageTask(_check_table, label="file")
clean_products = StageTask(_clean_products)
split_products = StageTask(_split_products)
find_corpus_words = StageTask(_find_corpus_words)

resize_images = StageTask(_resize_images, label="size")
extract_features = StageTask(_extract_features, label="backbone", slot=True)

train_text_ngrams = StageTask(text_ngrams.train_text_ngrams, label="recipe", slot=True)
train_text_tfidf = StageTask(text_tfidf.train_text_tfidf, label="recipe", slot=True)
train_text_network = StageTask(text_network.train_text_network, label="recipe", slot=True)
train_text_hashes = StageTask(text_hashes.train_text_hashes, label="recipe", slot=True)
train_image_network = StageTask(image_network.train_image_network, label="recipe", slot=True)
train_feature_head = StageTask(feature_head.train_feature_head, label="recipe", slot=True)

predict_text_ngrams = StageTask(text_ngrams.predict_text_ngrams, slot=True)
predict_text_tfidf = StageTask(text_tfidf.predict_text_tfidf, slot=True)
predict_text_network = StageTask(text_network.predict_text_network, slot=True)
predict_text_hashes = StageTask(text_hashes.predict_text_hashes, slot=True)
predict_image_network = StageTask(image_network.predict_image_network, slot=True)
predict_feature_head = StageTask(feature_head.predict_feature_head, slot=True)

evaluate = StageTask(_evaluate, label="name")
fuse_votes = StageTask(_fuse_votes, label="vote")
apply_vote = StageTask(_apply_vote)
render_report = StageTask(_render_report)
write_submission = StageTask(_write_submission, label="part")

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
