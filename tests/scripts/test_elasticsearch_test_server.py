"""What a machine lacks for a real Elasticsearch is said, with what to do."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

import elasticsearch_test_server as script


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ES_JAVA_HOME", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(script, "CACHE", tmp_path / "cache")


@pytest.mark.usefixtures("bare_machine")
def test_without_maven_it_says_which_package_to_install() -> None:
    for edition in script.EDITIONS.values():
        with pytest.raises(script.CannotRunError, match="apt-get install -y maven"):
            script.fetch(edition[0][0])


@pytest.mark.usefixtures("bare_machine")
def test_without_java_it_says_which_package_to_install() -> None:
    with pytest.raises(script.CannotRunError, match="openjdk-17-jre-headless"):
        script.start()


def test_an_older_java_does_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", str(java.parent))
    for name in ("ES_JAVA_HOME", "JAVA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(script.CannotRunError, match="no Java 17"):
        script.java_home()


@pytest.mark.usefixtures("bare_machine")
def test_what_maven_brings_is_checked_by_its_sum(tmp_path: Path) -> None:
    mvn = tmp_path / "mvn"
    mvn.write_text(
        "#!/bin/sh\nfor word; do case $word in -DoutputDirectory=*)\n"
        "echo wrong > ${word#-DoutputDirectory=}/some.zip;; esac; done\n"
    )
    mvn.chmod(0o755)
    [part, _what] = script.EDITIONS["bare"][0]
    with pytest.raises(script.CannotRunError, match=part.sha256):
        script.fetch(part)
    assert not part.folder.exists()
