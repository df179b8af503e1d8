"""What no library may do in a worker: report home, install things, fork tokenizer threads, draw progress over ours."""

from __future__ import annotations

from collections.abc import Mapping

QUIET: Mapping[str, str] = {
    # What most libraries look at (huggingface_hub, and through it transformers, datasets, trl, peft and trackio).
    "DO_NOT_TRACK": "1",
    "DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # unsloth counts its starts by a download, and can install packages, with apt-get too, and build llama.cpp.
    "UNSLOTH_DISABLE_STATISTICS": "1",
    "UNSLOTH_AUTO_INSTALL": "0",
    "UNSLOTH_LLAMA_CPP_OFFLINE": "1",
    # Trackers that are installed, asked for or not. Those that `report_to` names log as before.
    "COMET_DISABLE_AUTO_LOGGING": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "WANDB_ERROR_REPORTING": "false",
    "DVC_NO_ANALYTICS": "1",
    # Engines that answer or share out work.
    "VLLM_NO_USAGE_STATS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TOKENIZERS_PARALLELISM": "false",
    "TRL_EXPERIMENTAL_SILENCE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
"""Environment variables of a worker. Each library reads its own when it is imported, so they are set before."""
