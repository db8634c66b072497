"""The never-list and the categories, as tables."""

from __future__ import annotations

import pytest

from vaultsync.model.filters import (
    DEFAULT_CATEGORIES,
    Category,
    canonical_name,
    category_of,
    is_disposable,
    is_settings_path,
    never_reason,
)


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        "notes/.git/hooks/post-checkout",
        ".GIT/hooks/x",
        ".Git",
        "git~1/hooks/post-checkout",
        "GIT~2",
        ".g\u200cit/config",
        ".gi\u202et",
        "．git/config",
        ".git./config",
        ".git /config",
        ".git::$INDEX_ALLOCATION/config",
        ".ｇｉｔ/config",
        "a/.envrc",
        ".ENVRC",
        ".hg/hgrc",
        ".jj/repo",
        "vaults~1/vault.json",
        "folder/.vaultsync",
        "AutoRun.inf",
    ],
)
def test_what_could_run_code_or_reach_our_own_folder_never_syncs(path: str) -> None:
    assert never_reason(path) is not None


@pytest.mark.parametrize(
    "path",
    [
        ".obsidian/workspace.json",
        ".obsidian/workspace-mobile.json",
        ".obsidian/workspaces.json",
        ".obsidian/workspace",
        ".OBSIDIAN/Workspace.JSON",
        "nested/.obsidian/workspace.json",
        ".trash/old note.md",
        ".DS_Store",
        "a/Thumbs.db",
        "desktop.ini",
        "$RECYCLE.BIN/x",
        "._note.md",
        "~$Budget.docx",
        ".~lock.Budget.ods#",
        ".note.md.swp",
        ".note.md.swo",
        ".#note.md",
        "#note.md#",
        "note.md~",
        ".Trash-1000/files/x.md",
        "lost+found/x",
        ".goutputstream-AB12CD",
        "film.mkv.crdownload",
        ".nfs000000000123abcd",
        ".stfolder/x",
        ".stversions/note.md",
        ".syncthing.note.md.tmp",
        "~syncthing~note.md.tmp",
        "note.md.!sync",
        ".sync/ID",
        ".dropbox",
        ".dropbox.cache/x",
        "._sync_abc.db",
        ".sync_abc.db-wal",
        ".note.md.icloud",
        ".unison.note.md.123.unison.tmp",
    ],
)
def test_droppings_and_the_files_of_other_sync_tools_never_sync(path: str) -> None:
    assert never_reason(path) is not None


@pytest.mark.parametrize(
    "path",
    [
        "note.md",
        "notes.tmp",
        "todo.swp",
        "4913",
        "git.md",
        "git/notes.md",
        "gitignore",
        ".gitignore",
        "About git~1.md",
        "trash/old.md",
        "workspace.json",
        "folder/workspace.json",
        ".obsidian/plugins/x/workspace.json",
        ".obsidian/app.json",
        "#tag",
        "~ideas.md",
        "$money.md",
        "_private.md",
        "sync_notes.md",
        "syncthing.md",
        "Meeting (conflict 2026-11-20 1403 Laptop).md",
        "family ❤️\u200d🔥.md",
        "dropbox.md",
        "thumbs.db.md",
        ".vaultsyncignore",
        "vaults~notes.md",
        "10:30 meeting.md",
    ],
)
def test_a_name_that_a_person_may_have_given_syncs(path: str) -> None:
    assert never_reason(path) is None


@pytest.mark.parametrize(
    ("path", "category"),
    [
        ("a/b.md", Category.NOTES),
        ("a/B.MD", Category.NOTES),
        ("drawing.excalidraw.md", Category.NOTES),
        ("board.canvas", Category.CANVAS),
        ("table.base", Category.CANVAS),
        ("p.JPEG", Category.IMAGES),
        ("s.ogg", Category.AUDIO),
        ("v.webm", Category.VIDEO),
        ("d.pdf", Category.PDF),
        ("data.csv", Category.OTHER),
        ("noextension", Category.OTHER),
        (".vaultsyncignore", Category.OTHER),
        (".obsidian", None),
        (".obsidian/app.json", Category.APP),
        (".obsidian/appearance.json", Category.APPEARANCE),
        (".obsidian/themes", Category.THEMES),
        (".obsidian/snippets/a.css", Category.THEMES),
        (".obsidian/hotkeys.json", Category.HOTKEYS),
        (".obsidian/core-plugins.json", Category.CORE_PLUGINS),
        (".obsidian/graph.json", Category.CORE_PLUGINS),
        (".obsidian/community-plugins.json", Category.COMMUNITY_PLUGINS),
        (".obsidian/plugins", Category.COMMUNITY_PLUGINS),
        (".obsidian/plugins/x/main.js", Category.COMMUNITY_PLUGINS),
        (".Obsidian/Plugins/x/main.js", Category.COMMUNITY_PLUGINS),
        ("OBSIDI~1/plugins/x/main.js", Category.COMMUNITY_PLUGINS),
        (".obsi\u200bdian/plugins/x/main.js", Category.COMMUNITY_PLUGINS),
        (".obsidian-mobile/plugins/x/main.js", Category.COMMUNITY_PLUGINS),
        ("nested/.obsidian/plugins/x/main.js", Category.COMMUNITY_PLUGINS),
        (".obsidian/icons/x.svg", Category.COMMUNITY_PLUGINS),
    ],
)
def test_category(path: str, category: Category | None) -> None:
    assert category_of(path) == category


def test_plugins_are_off_until_asked_for() -> None:
    assert frozenset(Category) - DEFAULT_CATEGORIES == {Category.COMMUNITY_PLUGINS}


def test_settings_paths() -> None:
    assert is_settings_path(".obsidian")
    assert is_settings_path("a/.OBSIDIAN/app.json")
    assert not is_settings_path("obsidian/app.json")


def test_canonical_name_undoes_a_disguise() -> None:
    assert canonical_name("OBSIDI~3") == ".obsidian"
    assert canonical_name("VAULTS~1") == ".vaultsync"
    assert canonical_name("Straße") == "strasse"


def test_only_what_a_system_makes_anew_is_disposable() -> None:
    assert is_disposable(".DS_Store")
    assert is_disposable("Thumbs.db")
    assert not is_disposable("._note.md")
    assert not is_disposable("note.md~")
