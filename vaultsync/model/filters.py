"""What syncs and what never does: the rules that need nothing but a path.

Two kinds of rules meet here. The never-list leaves out what would be useless elsewhere (droppings), what would
fight with another tool, and what could run code when it arrives; no setting overrides it. Categories are what
a person switches per device.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import Final

from vaultsync.model.paths import MARKER_DIR

IGNORE_FILE: Final = ".vaultsyncignore"
"""The vault's own list of what to leave out, in gitignore syntax. It syncs like a note, whatever it says."""


class Category(StrEnum):
    """What a person can switch on or off on one device."""

    NOTES = "notes"
    CANVAS = "canvas"
    IMAGES = "images"
    AUDIO = "audio"
    VIDEO = "video"
    PDF = "pdf"
    OTHER = "other"
    APP = "app"
    APPEARANCE = "appearance"
    THEMES = "themes"
    HOTKEYS = "hotkeys"
    CORE_PLUGINS = "core-plugins"
    COMMUNITY_PLUGINS = "community-plugins"


DEFAULT_CATEGORIES: Final = frozenset(Category) - {Category.COMMUNITY_PLUGINS}
"""Community plugins are code; they wait until they are asked for."""

CATEGORY_WORDS: Final = {
    Category.NOTES: "notes",
    Category.CANVAS: "canvases and bases",
    Category.IMAGES: "images",
    Category.AUDIO: "audio",
    Category.VIDEO: "videos",
    Category.PDF: "PDFs",
    Category.OTHER: "other files",
    Category.APP: "app settings",
    Category.APPEARANCE: "appearance settings",
    Category.THEMES: "themes and snippets",
    Category.HOTKEYS: "hotkeys",
    Category.CORE_PLUGINS: "core plugins and their settings",
    Category.COMMUNITY_PLUGINS: "community plugins and their data",
}
"""For people, in the plural."""

_EXTENSIONS: Final = {
    extension: category
    for category, extensions in {
        Category.NOTES: "md markdown txt org rst tex adoc",
        Category.CANVAS: "canvas base",
        # Obsidian Help, "Accepted file formats", and what the same programs write today.
        Category.IMAGES: "avif bmp gif heic heif ico jpeg jpg jxl png svg tif tiff webp",
        Category.AUDIO: "3gp aac aiff flac m4a mid midi mp3 oga ogg opus wav",
        Category.VIDEO: "avi m4v mkv mov mp4 mpeg mpg ogv webm",
        Category.PDF: "pdf",
    }.items()
    for extension in extensions.split()
}

_SETTINGS: Final = {
    "app.json": Category.APP,
    "types.json": Category.APP,
    "appearance.json": Category.APPEARANCE,
    "themes": Category.THEMES,
    "snippets": Category.THEMES,
    "hotkeys.json": Category.HOTKEYS,
    "plugins": Category.COMMUNITY_PLUGINS,
    "community-plugins.json": Category.COMMUNITY_PLUGINS,
}

_RUNS_CODE: Final = frozenset(
    {".git", ".hg", ".svn", ".bzr", ".jj", "_darcs", ".envrc", ".exrc", ".nvimrc", ".nvim.lua", "autorun.inf"}
)
_DROPPINGS: Final = frozenset(
    {
        ".ds_store", ".appledouble", ".appledesktop", ".lsoverride", ".apdisk", ".spotlight-v100", ".trashes",
        ".fseventsd", ".temporaryitems", ".documentrevisions-v100", ".volumeicon.icns", "thumbs.db",
        "thumbs.db:encryptable", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information",
        "lost+found", ".directory",
    }
)  # fmt: skip
_OTHER_TOOLS: Final = frozenset(
    {
        ".stfolder", ".stversions", ".stignore", ".sync", ".dropbox", ".dropbox.cache", ".dropbox.attr",
        ".owncloudsync.log", ".unison", ".tmp.drivedownload", ".tmp.driveupload",
    }
)  # fmt: skip

# Only names that no person gives: an editor's swap file begins with a dot, `notes.tmp` may well be a note.
_DROPPING_PATTERN: Final = re.compile(
    r"""~\$.*            # Office, an open document
    | .*~                # Emacs, gedit: backup
    | \#.*\#             # Emacs: auto-save
    | \.\#.*             # Emacs: lock
    | \..*\.sw[a-p]      # Vim: swap
    | \.sw[a-p]
    | \.~lock\..*\#      # LibreOffice: lock
    | \._.*              # macOS: AppleDouble
    | \.trash-.*         # freedesktop.org: trash on a volume
    | \.goutputstream-.* # GLib: a file being saved
    | \.fuse_hidden.*    # FUSE: deleted while open
    | \.nfs[0-9a-f]{8,}  # NFS: deleted while open
    | .*\.crdownload     # Chromium: a download in progress""",
    re.VERBOSE | re.DOTALL,
)
_OTHER_TOOL_PATTERN: Final = re.compile(
    r"""\.syncthing\..*\.tmp
    | ~syncthing~.*\.tmp
    | .*\.!sync          # Resilio
    | \.rsls.*
    | \.unison\..*
    | \.?_?sync_.*\.db(-shm|-wal|-journal)?   # Nextcloud, ownCloud
    | \.csync_journal\.db.*
    | \..*\.icloud       # iCloud: a file that is not here
    | \.mutagen-temporary-.*""",
    re.VERBOSE | re.DOTALL,
)
# Nearly all names fail this, and need not be held against the rest.
_TELLING: Final = re.compile(r"[.~#_$]|sync_|.*([~#]|\.crdownload|\.!sync)$", re.DOTALL)

# The names that NTFS gives beside the long ones (Git's `is_ntfs_dotgit` guards against the same trick).
_SHORT_NAME: Final = re.compile(r"(git|hg|svn|bzr|jj|envrc|obsidi|vaults)~[0-9]+")
_SHORT_OF: Final = {"obsidi": ".obsidian", "vaults": MARKER_DIR}

_DISPOSABLE: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


def canonical_name(name: str) -> str:
    """The name that some file system could take `name` for.

    Folds case and width, drops code points that HFS+ ignores, cuts an NTFS stream, trailing dots and spaces, and
    undoes NTFS short names: `.GIT`, `.g\\u200cit`, `git~1` and `.git::$INDEX_ALLOCATION` are all `.git`.
    """
    if not name.isascii():
        name = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
        name = unicodedata.normalize("NFC", name.casefold())
    name = name.lower()
    if ":" in name:
        name = name.partition(":")[0]
    if name[-1:] in (".", " "):
        name = name.rstrip(". ")
    if "~" in name and (short := _SHORT_NAME.fullmatch(name)):
        return _SHORT_OF.get(short[1], "." + short[1])
    return name


def never_reason(path: str) -> str | None:
    """Why nothing at `path` ever syncs, in words, or None. Looks at every component."""
    inside_settings = False
    for part in path.split("/"):
        reason, is_settings, is_layout = _judged(part)
        if reason is not None:
            return reason
        if inside_settings and is_layout:
            return "the layout of windows belongs to each device"
        inside_settings = is_settings
    return None


def category_of(path: str) -> Category | None:
    """What a file at `path` belongs to; for a folder what all in it belongs to, None if that depends."""
    parts = path.split("/")
    for depth, part in enumerate(parts):
        if part[0] in ".oO．" and _is_settings_folder(canonical_name(part)):
            return _settings_category([canonical_name(p) for p in parts[depth + 1 :]])
    return _EXTENSIONS.get(parts[-1].rpartition(".")[2].lower(), Category.OTHER)


def is_settings_path(path: str) -> bool:
    """Whether `path` is Obsidian's settings folder or in it."""
    return any(_is_settings_folder(canonical_name(part)) for part in path.split("/"))


def is_disposable(name: str) -> bool:
    """Whether a folder that holds only this counts as empty: what an operating system makes anew by itself."""
    return canonical_name(name) in _DISPOSABLE


@lru_cache(maxsize=2_048)
def _judged(part: str) -> tuple[str | None, bool, bool]:
    """Why nothing of this name syncs; whether it is Obsidian's folder of settings, and its layout if it is in there.

    Remembered: a folder comes again with each of its notes.
    """
    name = canonical_name(part)
    is_layout = name.startswith("workspace") and (name.endswith(".json") or name == "workspace")
    return _name_reason(name), _is_settings_folder(name), is_layout


def _name_reason(name: str) -> str | None:
    if name in _RUNS_CODE:
        return "it could run code on the device that it arrives on"
    if name == ".trash":
        return "each device keeps its own trash"
    if name == MARKER_DIR:
        return "it is the vault's own folder"
    if name not in _DROPPINGS and not _TELLING.match(name):
        return None
    if name in _DROPPINGS or _DROPPING_PATTERN.fullmatch(name):
        return "it is a leftover of an editor or the operating system"
    if name in _OTHER_TOOLS or _OTHER_TOOL_PATTERN.fullmatch(name):
        return "it belongs to another sync tool"
    return None


def _is_settings_folder(name: str) -> bool:
    # Obsidian lets people rename it to anything that begins with a dot; `.obsidian-mobile` and the like are usual.
    return name.startswith(".obsidian")


def _settings_category(inside: list[str]) -> Category | None:
    if not inside:
        return None
    if (category := _SETTINGS.get(inside[0])) is not None:
        return category
    # Core plugins keep flat JSON files there; whatever else appears was put there by a community plugin.
    if len(inside) == 1 and inside[0].endswith(".json"):
        return Category.CORE_PLUGINS
    return Category.COMMUNITY_PLUGINS
