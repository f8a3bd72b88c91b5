"""The environment for PyTorch: what is refused before anything is installed."""

import json
import subprocess

import pytest

from tools import torch_env


def report(*packages):
    entries = [{"metadata": {"name": name, "version": version}} for name, version in packages]
    return {"version": "1", "install": entries}


CPU = report(("torch", "2.13.0+cpu"), ("numpy", "2.4.3"), ("sympy", "1.14.0"))
CUDA = report(
    ("torch", "2.13.0"), ("nvidia-cublas-cu12", "12.8"), ("cuda-toolkit", "13.0"), ("triton", "3.5")
)


def test_cuda_packages_are_recognised():
    assert torch_env.cuda_packages(CPU) == []
    assert torch_env.cuda_packages(CUDA) == ["cuda-toolkit==13.0", "nvidia-cublas-cu12==12.8", "triton==3.5"]
    assert torch_env.cuda_packages(report(("torch", "2.13.0+cu130"))) == ["torch==2.13.0+cu130"]


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """Run main() without pip: the commands it gives, with a report that the test chooses."""
    given = []

    def run(command, **options):
        given.append(command)
        text = json.dumps(run.report) if "--report" in command else ""
        return subprocess.CompletedProcess(command, 0, stdout=text)

    monkeypatch.setattr(torch_env.subprocess, "run", run)
    monkeypatch.setattr(torch_env.venv, "create", lambda folder, with_pip: folder.mkdir(exist_ok=True))
    monkeypatch.setenv("CNNLAB_TORCH_ENV", str(tmp_path / "env"))
    monkeypatch.delenv("CNNLAB_TORCH_INDEX", raising=False)
    return given, run


def installs_torch(command):
    return torch_env.TORCH in command and "--dry-run" not in command


def test_cuda_is_refused_before_anything_is_installed(commands, capsys):
    given, run = commands
    run.report = CUDA
    assert torch_env.main() == 1
    assert not any(installs_torch(command) for command in given)
    message = capsys.readouterr().err
    assert "Nothing was installed" in message and "nvidia-cublas-cu12==12.8" in message
    assert "CNNLAB_TORCH_INDEX" in message


def test_the_cpu_build_is_installed_once(commands, capsys):
    given, run = commands
    run.report = CPU
    assert torch_env.main() == 0
    assert sum(installs_torch(command) for command in given) == 1
    assert all("requirements.txt" in " ".join(command) for command in given if installs_torch(command))
    count = len(given)
    assert torch_env.main() == 0
    assert len(given) == count
    assert "up to date" in capsys.readouterr().out


def test_the_index_can_be_chosen(commands, monkeypatch):
    given, run = commands
    run.report = CPU
    monkeypatch.setenv("CNNLAB_TORCH_INDEX", "file:///some/index")
    torch_env.main()
    for command in given:
        asks_for_torch = torch_env.TORCH in command
        assert ("--index-url" in command) == asks_for_torch
        assert ("file:///some/index" in command) == asks_for_torch
