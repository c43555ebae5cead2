"""What is said of a server in the settings, before any server is asked."""

import json
import sys

import pytest
from click.testing import CliRunner

from pipeline import plugs
from pipeline.cli.entry import main
from pipeline.errors import ProgramError, UsageError
from pipeline.index.documents import document
from pipeline.settings import ElasticsearchSettings, IndexSettings, load_settings
from pipeline.store.database import open_database
from tests.index.index_books import BIRTHS, birth

BACKENDS = "pipeline.index.backends"


@pytest.mark.parametrize(
    "host", ["10.0.0.5:9200", "https://10.0.0.5", "ftp://a:1", "https://a:b", "https://me:x@a:1"]
)
def test_an_address_is_whole(tmp_path, host):
    with pytest.raises(UsageError, match="địa chỉ"):
        create(tmp_path, hosts=(host,))


def test_names_do_not_go_over_the_network_in_the_clear(tmp_path):
    with pytest.raises(UsageError, match="https"):
        create(tmp_path, hosts=("http://10.0.0.5:9200",))


def test_there_is_an_address(tmp_path):
    with pytest.raises(UsageError, match="hosts"):
        create(tmp_path, hosts=())


@pytest.mark.parametrize("prefix", ["", "Sohoa", "-a", "a*", "kho,khác", "a" * 80])
def test_a_prefix_can_begin_the_name_of_an_index(tmp_path, prefix):
    with pytest.raises(UsageError, match="prefix"):
        create(tmp_path, prefix=prefix)


def test_the_key_does_not_stand_in_the_settings_file(tmp_path):
    (tmp_path / "sohoa.toml").write_text('[index.elasticsearch]\napi_key = "x"\n')
    with pytest.raises(UsageError, match="api_key_file"):
        load_settings(tmp_path, "thu")


def test_files_lie_in_the_archive_and_the_key_may_come_from_the_environment(tmp_path, monkeypatch):
    (tmp_path / "sohoa.toml").write_text(
        '[index.elasticsearch]\nca_file = "ca.pem"\napi_key_file = "/etc/sohoa.key"\n'
    )
    monkeypatch.setenv("SOHOA_ELASTICSEARCH_API_KEY", "secret")
    told = load_settings(tmp_path, "thu").index.elasticsearch
    assert told.ca_file == str(tmp_path / "ca.pem")
    assert told.api_key_file == "/etc/sohoa.key"
    assert told.api_key == "secret"
    assert "secret" not in repr(told)


def test_no_server_is_asked_before_it_is_used(tmp_path):
    index, database = create(tmp_path, hosts=("https://127.0.0.1:9",), ca_file="/not/there")
    with database.write() as connection:
        index.put([document(birth(1, "Nguyễn Thị Lan"), BIRTHS)], connection)
    assert index.behind() == 1
    database.close()


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "elasticsearch", None)
    for name in ("elasticsearch", "elasticsearch_server"):
        monkeypatch.delitem(sys.modules, f"{BACKENDS}.{name}", raising=False)
    monkeypatch.delitem(sys.modules, "pipeline.index.elasticsearch_server", raising=False)
    with pytest.raises(ProgramError, match=r"pip install 'sohoa\[elasticsearch\]'"):
        plugs.load(BACKENDS, "elasticsearch")


def create(folder, **told):
    database = open_database(folder / "sohoa.db")
    module = plugs.load(BACKENDS, "elasticsearch")
    try:
        index = module.create(
            IndexSettings("elasticsearch", ElasticsearchSettings(**told)), database
        )
    except UsageError:
        database.close()
        raise
    return index, database


def test_the_commands_say_that_the_server_is_away(tmp_path):
    (tmp_path / "sohoa.toml").write_text(
        '[index]\nbackend = "elasticsearch"\n'
        '[index.elasticsearch]\nhosts = ["http://127.0.0.1:9"]\n'
    )
    index, database = create(tmp_path, hosts=("http://127.0.0.1:9",))
    with database.write() as connection:
        index.put([document(birth(1, "Nguyễn Thị Lan"), BIRTHS)], connection)
    database.close()
    for words in (["sync"], ["search", "lan"], ["reindex"]):
        told = CliRunner().invoke(main, [*words, "--archive", str(tmp_path)])
        assert told.exit_code == 5, words
        assert "không nối được" in told.stderr
    checks = CliRunner().invoke(main, ["doctor", "--json", "--archive", str(tmp_path)])
    [check] = [one for one in json.loads(checks.stdout) if one["name"] == "elasticsearch"]
    assert not check["found"]
    assert "không nối được" in check["remedy"]
