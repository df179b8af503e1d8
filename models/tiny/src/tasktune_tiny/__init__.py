"""The built-in base model `builtin:tiny`: a folder of weights, and where it is.

`PATH` is a folder that `AutoModelForCausalLM.from_pretrained` and `AutoTokenizer.from_pretrained` take as it is.
Importing this package loads no library: the weights are only files.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["PATH"]
__version__ = "0.1.0"

#: The model folder: config, generation config, weights (bf16 safetensors), tokenizer, chat template.
PATH: Path = Path(__file__).resolve().parent / "model"
