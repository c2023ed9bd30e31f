"""The command line answers before anything heavy is loaded."""

import subprocess
import sys

HEAVY = ("numpy", "cv2", "scipy", "skimage", "onnxruntime", "pydicom", "nibabel", "PIL", "jinja2", "yaml", "sqlite3",
         "pydantic", "semantic_kernel", "openai", "torch")  # fmt: skip


def test_the_command_line_loads_nothing_heavy():
    code = f"import sys, readingroom.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_drafting_never_loads_a_language_model():
    code = (
        "import sys; from readingroom import ReadingRoom; "
        "print([m for m in ('semantic_kernel', 'openai', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
