"""Photos: inspecting, resizing, pre-trained features."""
