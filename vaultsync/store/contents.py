"""Kept contents by hash, each once, compressed: small ones in the database, large ones in files beside it.

What does not shrink, and is about to be replaced, is not copied: its file gets a second name here (`share`), durably,
before it loses the one in the vault; then it is ours alone (`settle`). In between it is not held. What a crash left in
between is sorted out at the next start.
"""

# ruff: noqa: A001, A002 (a content's hash is called a hash, here as everywhere)

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import zstandard
from blake3 import blake3

from vaultsync.errors import ContentError
from vaultsync.store.database import Database, private_folder
from vaultsync.store.durable import sync_folder
from vaultsync.store.failures import explaining
from vaultsync.store.packing import BEGINNING, LEVEL, Packer, StoredWriter, looks_compressible

INLINE_LIMIT: Final = 1 << 20
"""Contents of more bytes than this get a file of their own."""

_BLOCK: Final = BEGINNING
_SUFFIX: Final = ".zst"
_AS_IT_WAS: Final = ".raw"
"""A file of the vault that history has taken over, not a byte of it copied."""
_SHARED: Final = ".shared"
"""The same while it still stands in the vault too, and a program may write to it: not held yet."""
_UNFINISHED: Final = ".tmp"
_ADVICE: Final = "The note itself is not touched. Check the disk; other versions can still be restored."


class Reader(Protocol):
    """A file that is read once, from start to end."""

    def read(self, size: int, /) -> bytes:
        """The next 1 to `size` bytes, or none at the end."""


class Writer(Protocol):
    """What takes a content, piece by piece."""

    def write(self, data: bytes, /) -> object: ...


class Contents:
    """The contents that a vault's history refers to, and the merge bases."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._compressor = zstandard.ZstdCompressor(level=LEVEL)
        self._packer = Packer()
        self._decompressor = zstandard.ZstdDecompressor()

    def keep_many(self, items: Iterable[tuple[bytes, bytes]], packed: Mapping[bytes, bytes] | None = None) -> None:
        """Keep `(hash, data)` pairs; those that are held already cost nothing.

        `packed` has, by hash, what a `Packer` has already made of some of them.
        """
        pairs = dict(items)
        held = self.has_many(list(pairs))
        missing = {hash: data for hash, data in pairs.items() if hash not in held}
        if not missing:
            return
        with self._database.atomic():
            for hash, data in missing.items():
                if len(data) > INLINE_LIMIT:
                    self.keep_file(hash, io.BytesIO(data), len(data))
            known = packed if packed is not None else {}
            raw = [hash for hash, data in missing.items() if len(data) <= INLINE_LIMIT and hash not in known]
            forms = {**known, **dict(zip(raw, self._packer.pack([missing[hash] for hash in raw]), strict=True))}
            rows = [
                (hash, len(data), len(forms[hash]), forms[hash])
                for hash, data in missing.items()
                if len(data) <= INLINE_LIMIT
            ]
            self._database.run_many("INSERT INTO contents (hash, size, stored, data) VALUES (?, ?, ?, ?)", rows)

    def keep_file(self, hash: bytes, reader: Reader, size: int) -> None:
        """Keep what `reader` gives, streamed; durable when this returns.

        Raises `ContentError` if that is not `size` bytes that hash to `hash`, or can't be read; nothing is kept then.
        """
        if self.has_many([hash]):
            return
        if size <= INLINE_LIMIT:
            data = _read_up_to(reader, size + 1)
            _check(hash, size, blake3(data).digest(), len(data))
            self.keep_many([(hash, data)])
            return
        stored = self._write_file(hash, reader, size)
        with self._database.atomic():
            self._enter(hash, size, stored)

    def _enter(self, hash: bytes, size: int, stored: int) -> None:
        # A row whose file has gone missing makes room for the new one.
        self._database.run("DELETE FROM contents WHERE hash = ?", (hash,))
        self._database.run(
            "INSERT INTO contents (hash, size, stored, data) VALUES (?, ?, ?, NULL)", (hash, size, stored)
        )

    def has_many(self, hashes: Sequence[bytes]) -> set[bytes]:
        """Those of `hashes` whose content is held. One whose file has gone missing is not."""
        rows = self._database.rows_in("SELECT hash, data IS NULL FROM contents WHERE hash IN (*)", hashes)
        return {hash for hash, in_file in rows if not in_file or self._is_there(hash)}

    def share(self, hash: bytes, size: int, inode: int, give_name: Callable[[str], None]) -> bool:
        """Give a file of the vault its second name, durably; it is held from `settle` on.

        `give_name` does that, for the path that it is told; the file must be durable, and stand under one name. False
        if this can't be done: it is to be copied then.
        """
        shared = self._file(hash, _SHARED)
        with explaining(self._folder, _ADVICE):
            private_folder(self._folder)
            private_folder(shared.parent)
        try:
            give_name(str(shared))
            there = shared.lstat()
        except OSError:
            # Another file system, one without such names, or two files with this content at once.
            return False
        if (there.st_ino, there.st_size, there.st_nlink) != (inode, size, 2):
            self.unshare(hash)
            return False
        with explaining(self._folder, _ADVICE):
            sync_folder(shared.parent)
            sync_folder(self._folder)
        with self._database.atomic():
            self._enter(hash, size, size)
        return True

    def settle(self, hash: bytes) -> None:
        """What was shared stands in the vault no more, as it was: it is ours."""
        with explaining(self._folder, _ADVICE):
            os.replace(self._file(hash, _SHARED), self._file(hash, _AS_IT_WAS))

    def unshare(self, hash: bytes) -> None:
        """What was shared has not been replaced. Should this be its only name, the next start sees to it."""
        with explaining(self._folder, _ADVICE):
            shared = self._file(hash, _SHARED)
            if shared.lstat().st_nlink > 1:
                shared.unlink()

    def settle_all(self) -> None:
        """Sort out what a crash left of what was shared; the vault's temporary files are gone by now."""
        with explaining(self._folder, _ADVICE):
            for file in self._folder.glob(f"??/*{_SHARED}"):
                hash = bytes.fromhex(file.stem)
                # A program may have written to it.
                if file.lstat().st_nlink == 1 and not self._is_there(hash) and _hash_of(file) == hash:
                    self.settle(hash)
                else:
                    file.unlink()

    def read(self, hash: bytes) -> bytes | None:
        """The content, or None if it is not held. `ContentError` if what is held does not hash to `hash`."""
        row = self._database.row("SELECT size, data FROM contents WHERE hash = ?", (hash,))
        if row is None:
            return None
        size, packed = row
        if packed is None:
            stream = self._open_file(hash)
            if stream is None:
                return None
            with stream:
                return stream.read()
        try:
            # zstandard believes the size in the frame's header, and takes no other bound then.
            if zstandard.frame_content_size(packed) != size:
                raise _damaged(hash)
            data = self._decompressor.decompress(packed)
        except zstandard.ZstdError as error:
            raise _damaged(hash) from error
        if blake3(data).digest() != hash:
            raise _damaged(hash)
        return data

    def open(self, hash: bytes) -> BinaryIO | None:
        """The content as a stream, or None if it is not held.

        Reading to its end raises `ContentError` if what came does not hash to `hash`: use nothing before that.
        """
        row = self._database.row("SELECT data IS NULL FROM contents WHERE hash = ?", (hash,))
        if row is None:
            return None
        if row[0]:
            return self._open_file(hash)
        data = self.read(hash)
        return None if data is None else io.BytesIO(data)

    def size(self) -> int:
        """Bytes that all contents take, compressed."""
        row = self._database.row("SELECT bytes FROM contents_total")
        assert row is not None
        return int(row[0])

    def drop(self, hashes: Sequence[bytes]) -> list[bytes]:
        """Take away those of `hashes` that no version and no live record refers to.

        Gives those that lie in files; `unlink` takes them once the transaction is committed, for a file can't be
        rolled back.
        """
        rows = self._database.rows_in(
            "SELECT hash, data IS NULL FROM contents WHERE hash IN (*) "
            "AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.hash = contents.hash AND v.hash <> x'') "
            "AND NOT EXISTS "
            "(SELECT 1 FROM records r WHERE r.hash = contents.hash AND r.deleted = 0 AND r.kind = 'file')",
            hashes,
        )
        self._database.run_many("DELETE FROM contents WHERE hash = ?", [(hash,) for hash, _ in set(rows)])
        return [hash for hash, in_file in set(rows) if in_file]

    def unlink(self, hashes: Iterable[bytes]) -> None:
        """Remove the files of contents whose rows are gone."""
        with explaining(self._folder, _ADVICE):
            for hash in hashes:
                for suffix in (_SUFFIX, _AS_IT_WAS):
                    self._file(hash, suffix).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what a crash left: contents that nothing refers to, and files without a row.

        A content is kept before it is referred to, so this may run only while nothing is under way: at start.
        """
        rows = self._database.rows(
            "SELECT hash FROM contents EXCEPT SELECT hash FROM versions WHERE hash <> x'' "
            "EXCEPT SELECT hash FROM records WHERE deleted = 0 AND kind = 'file'"
        )
        if rows:
            with self._database.transaction():
                self.drop([row[0] for row in rows])
        with explaining(self._folder, _ADVICE):
            if not self._folder.exists():
                return
            rows = self._database.rows("SELECT hash FROM contents WHERE data IS NULL")
            held = {self._file(row[0], suffix) for row in rows for suffix in (_SUFFIX, _AS_IT_WAS)}
            for file in self._folder.glob("??/*"):
                if file not in held and file.suffix in (_SUFFIX, _AS_IT_WAS, _UNFINISHED):
                    file.unlink(missing_ok=True)

    def _write_file(self, hash: bytes, reader: Reader, size: int) -> int:
        """Compress into the content's file, atomically; gives the bytes that it takes."""
        target = self._file(hash, _SUFFIX)
        with explaining(self._folder, _ADVICE):
            private_folder(self._folder)
            private_folder(target.parent)
            unfinished = target.with_suffix(_UNFINISHED)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                with open(descriptor, "wb") as file:
                    self._compress(hash, reader, size, file)
                    file.flush()
                    os.fsync(file.fileno())
                    stored = file.tell()
                os.replace(unfinished, target)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
            sync_folder(target.parent)
            sync_folder(self._folder)
        return stored

    def _compress(self, hash: bytes, reader: Reader, size: int, file: BinaryIO) -> None:
        hasher = blake3()
        seen = 0
        block = _read(reader, _BLOCK)
        with ExitStack() as stack:
            writer: Writer
            if looks_compressible(block):
                writer = stack.enter_context(self._compressor.stream_writer(file, closefd=False))
            else:
                writer = StoredWriter(file, size)
            while block:
                seen += len(block)
                if seen > size:
                    break
                hasher.update(block)
                writer.write(block)
                block = _read(reader, _BLOCK)
        _check(hash, size, hasher.digest(), seen)

    def _open_file(self, hash: bytes) -> BinaryIO | None:
        with explaining(self._folder, _ADVICE):
            for suffix in (_SUFFIX, _AS_IT_WAS):
                with suppress(FileNotFoundError):
                    file = self._file(hash, suffix).open("rb")
                    return io.BufferedReader(_CheckedReader(hash, file, packed=suffix == _SUFFIX), _BLOCK)
        return None

    def _is_there(self, hash: bytes) -> bool:
        return any(self._file(hash, suffix).exists() for suffix in (_SUFFIX, _AS_IT_WAS))

    def _file(self, hash: bytes, suffix: str) -> Path:
        name = hash.hex()
        return self._folder / name[:2] / f"{name}{suffix}"


class _CheckedReader(io.RawIOBase):
    """Reads a file, decompressing it if it is `packed`, and holds it against its hash at the end."""

    def __init__(self, hash: bytes, file: BinaryIO, *, packed: bool) -> None:
        self._hash = hash
        self._hasher = blake3()
        self._file = file
        self._source: Reader = file
        if packed:
            self._source = zstandard.ZstdDecompressor().stream_reader(file, closefd=False)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        try:
            data = self._source.read(len(buffer))
        except zstandard.ZstdError as error:
            raise _damaged(self._hash) from error
        if not data and self._hasher.digest() != self._hash:
            raise _damaged(self._hash)
        self._hasher.update(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _hash_of(file: Path) -> bytes:
    hasher = blake3()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            hasher.update(block)
    return hasher.digest()


def _read_up_to(reader: Reader, size: int) -> bytes:
    """At most `size` bytes; less only at the stream's end."""
    blocks = []
    while size > 0 and (block := _read(reader, size)):
        blocks.append(block)
        size -= len(block)
    return b"".join(blocks)


def _read(reader: Reader, size: int) -> bytes:
    """The reader's own failures are told apart from those of the folder that is written to."""
    try:
        return reader.read(size)
    except OSError as error:
        raise ContentError(f"A file could not be read to keep its content: {error.strerror or error}.") from error


def _check(hash: bytes, size: int, got: bytes, got_size: int) -> None:
    if got != hash or got_size != size:
        raise ContentError("A file changed while its content was being kept.", hint="It will be looked at again.")


def _damaged(hash: bytes) -> ContentError:
    return ContentError(f"The kept content {hash.hex()[:16]}… is damaged on disk.", hint=_ADVICE)
