"""Fine-tuning step of a transformer encoder of base size in bfloat16, random weights and random texts, with PyTorch."""

import importlib.util

from gpu_sections.context import Context
from gpu_sections.device import repeat_for, utilisation
from gpu_sections.training import NUM_ROWS
from rakuten.catalogue.classes import NUM_CLASSES

LENGTH = 64
EPOCHS = 3
NEEDED = ("torch", "transformers")
# As CamemBERT's; the embedding of a multilingual vocabulary of 250,002 words costs memory, hardly time.
VOCABULARY = 32_005


def run(context: Context) -> None:
    """Texts a second of each batch size."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        context.emit(skipped=f"not installed: {', '.join(missing)}")
        return
    for batch_size in context.scale.text_batches:
        _measure(context, batch_size)


def _measure(context: Context, batch_size: int) -> None:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = BertConfig(vocab_size=VOCABULARY, num_labels=NUM_CLASSES, **(sizes if context.scale.is_tiny else {}))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    model = BertForSequenceClassification(config).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
    words = torch.randint(5, VOCABULARY, (batch_size, LENGTH), device=device)
    mask, labels = torch.ones_like(words), torch.randint(0, NUM_CLASSES, (batch_size,), device=device)

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16):
            loss = model(input_ids=words, attention_mask=mask, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        # As a training that reports its loss does.
        loss.item()

    for _ in range(3):
        step()
    with utilisation() as sampled:
        calls, seconds = repeat_for(context.scale.seconds, step)
    texts = batch_size * calls / seconds
    memory = torch.cuda.max_memory_allocated() / 1e9 if device.type == "cuda" else None
    context.emit(
        batch_size=batch_size,
        length=LENGTH,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        ms_a_step=1000 * seconds / calls,
        texts_per_s=texts,
        minutes_for_three_epochs=EPOCHS * NUM_ROWS / texts / 60,
        memory_gb=memory,
        gpu_busy_percent=sampled.mean,
    )
