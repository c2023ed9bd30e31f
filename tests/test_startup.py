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


def test_ctrl_c_while_modules_load_ends_in_one_line():
    """A signal in the middle of an import, as if it came from the keyboard."""
    code = (
        "import os, signal, sys\n"
        "class Press:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'readingroom.cli_cohort':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Press())\n"
        "from readingroom.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (130, "readingroom: stopped\n", "")


def test_the_package_runs_as_a_program():
    call = [sys.executable, "-m", "readingroom", "--version"]
    assert subprocess.run(call, capture_output=True, text=True, check=True).stdout.startswith("readingroom ")
