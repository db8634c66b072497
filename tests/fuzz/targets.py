"""Every decoder of what came from elsewhere."""

from __future__ import annotations

from typing import Final

from tests.fuzz import kept, local, merging, wire
from tests.fuzz.target import Target

_JSON: Final = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b":",
    b",",
    b"null",
    b"1e999",
    b"-0",
    b'"id"',
    b"\\ud800",
    merging.SEPARATOR,
)
_MARKDOWN: Final = (b"\n", b"- ", b"- [ ] ", b"# ", b"```", b"| ", b"---\n", b"\r\n", b"[[", b"> ", merging.SEPARATOR)
_YAML: Final = (b"---\n", b": ", b"- ", b"[", b"]", b"&a ", b"*a", b"|\n", b"? ", b"!!x ", b"{", b"}", b"#", b"<<: ")

TARGETS: Final = {
    target.name: target
    for target in (
        Target("ticket", wire.try_ticket, wire.ticket_seeds, structured=True, words=(b"vault1", b"vault", b" ", b"=")),
        Target("frame", wire.try_frames, wire.frame_seeds, words=(b"\0\0\0\1", b"\0\4\0\0", b"\xff\xff\xff\xff")),
        Target("cbor", wire.try_cbor, wire.cbor_seeds, words=(b"\x9b", b"\xbb", b"\xc2", b"\x18", b"\x5f", b"\xff")),
        Target("message", wire.try_message, wire.message_seeds, structured=True),
        Target("member", wire.try_member, wire.member_seeds, structured=True),
        Target("manifest", wire.try_manifest, wire.manifest_seeds, structured=True),
        Target("path", local.try_path, local.path_seeds, words=(b"/", b"..", b".git", b".vaultsync", b"~1", b"\\")),
        Target(
            "config", local.try_config, local.config_seeds, words=(b"name", b"mdns", b" = ", b'"""', b"[", b"'", b"#")
        ),
        Target(
            "ignore", local.try_ignore, local.ignore_seeds, words=(b"**", b"/", b"!", b"[", b"]", b"\\", b"*", b"?")
        ),
        Target("marker", local.try_marker, local.marker_seeds, words=(*_JSON[:-1], b"format", b"name")),
        Target("key", local.try_key, local.key_seeds),
        Target("sighting", local.try_sighting, local.sighting_seeds, words=(b"\xc0\x0c", b":", b"[", b"]", b"%")),
        Target(
            "events", local.try_events, local.events_seeds, words=(b"id:", b"data:", b"event:", b"\n\n", b"{", b"}")
        ),
        Target(
            "certificate",
            kept.try_certificate,
            kept.certificate_seeds,
            words=(b"\x06\x03\x2b\x65\x70", b"\x30\x82", b"\x17\x0d"),
        ),
        Target("database", kept.try_database, kept.database_seeds, words=(b"\0\0\x10\0", b"\x0d", b"\x05"), slow=True),
        Target("row", kept.try_row, kept.row_seeds, words=(b"file", b"dir", b"present", b"\xff" * 8), slow=True),
        Target("content", kept.try_content, kept.content_seeds, words=(b"\x28\xb5\x2f\xfd",), slow=True),
        Target("partial", kept.try_partial, kept.partial_seeds, slow=True),
        Target("answer", local.try_answer, local.answer_seeds, words=_JSON[:-1]),
        Target(
            "markdown", merging.try_merge("n.md", keeps_words=True), merging.markdown_seeds, words=_MARKDOWN, slow=True
        ),
        Target(
            "frontmatter",
            merging.try_merge("n.md", keeps_words=True),
            merging.front_matter_seeds,
            words=(*_YAML, merging.SEPARATOR),
            slow=True,
        ),
        Target(
            "canvas",
            merging.try_merge("n.canvas", keeps_words=False, is_json=True),
            merging.canvas_seeds,
            words=_JSON,
            slow=True,
        ),
        Target(
            "json",
            merging.try_merge("n.json", keeps_words=False, is_json=True),
            merging.json_seeds,
            words=_JSON,
            slow=True,
        ),
        Target(
            "excalidraw",
            merging.try_merge("n.excalidraw.md", keeps_words=False),
            merging.excalidraw_seeds,
            words=(*_MARKDOWN, *_JSON),
            slow=True,
        ),
        Target(
            "plain",
            merging.try_merge("n.txt", keeps_words=True),
            merging.plain_seeds,
            words=(b"\n", b"\r", b" ", b"\0", merging.SEPARATOR),
            slow=True,
        ),
    )
}
