"""Every benchmark, one after the other; ends with exit code 1 if a limit does not hold.

python benchmarks/run_all.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from common import DATA, RESULTS, ROOT


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as folder:
        commands = [
            ["start_up.py"],
            ["kill_anywhere.py"],
            ["examples.py"],
            ["million_rows.py"],
            ["import_speed.py"],
            ["check_speed.py"],
            ["known_defects.py"],
            ["label_noise.py"],
            ["compare_speed.py"],
            ["report_html.py"],
            ["diagnose_speed.py"],
            ["methods.py"],
            ["training_speed.py"],
            ["prefix_length.py"],
            ["nested_prefixes.py"],
            ["gpu/run.py"],
            ["real_data.py", "--keep", folder],
        ]
        if (DATA / "massive_zh-TW").is_dir():
            commands.append(["evaluation_speed.py", str(Path(folder) / "intents" / "versions" / "v1")])
        for script, *arguments in commands:
            print(f"== {script}", flush=True)
            subprocess.run([sys.executable, str(ROOT / "benchmarks" / script), *arguments], check=True)
    broken = [
        f"{path.stem}: {entry['limit']} is {entry['value']}, not {entry['bound']}"
        for path in sorted(RESULTS.glob("*.json"))
        for entry in json.loads(path.read_text("utf-8")).get("limits", [])
        if not entry["holds"]
    ]
    print("\n".join(broken) or "all limits hold")
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    main()
