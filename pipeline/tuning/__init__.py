"""Go on training a reader on an office's own lines. Needs the extra `train`: torch and onnx."""
