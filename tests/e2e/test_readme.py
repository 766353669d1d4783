"""The README's ten lines take a payment, typed as they stand there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.timeout(90)
def test_the_readme_takes_a_payment_and_believes_the_notification(tmp_path: Path) -> None:
    sells, pays, believes = [
        text
        for language, text in BLOCK.findall(README.read_text())
        if "make demo" not in text or language == "python"
    ]
    home = tmp_path / "home"
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
    }
    tillgate = str(Path(sys.executable).with_name("tillgate"))
    with subprocess.Popen(
        [tillgate, "demo", "--port", "0", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        try:
            assert demo.stdout is not None
            ready = json.loads(demo.stdout.readline())
            subprocess.run([sys.executable, "-c", sells], cwd=tmp_path, env=environment, check=True)
            answers = [
                subprocess.run(  # noqa: S602  The README's line is typed into a shell.
                    pays.replace("http://127.0.0.1:8080", ready["url"]),
                    shell=True,
                    cwd=tmp_path,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                ).stdout
                for _ in range(2)
            ]
        finally:
            demo.terminate()
            demo.wait(timeout=20)

    assert answers[0] == '{"resultCode":"9000","memo":"SUCCESS: The order is paid."}\n'
    assert answers[0].strip() in README.read_text()
    assert json.loads(answers[1])["resultCode"] == "5000"
    assert compile(believes, str(README), "exec").co_names[:2] == ("merchant", "notification")
