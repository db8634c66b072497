"""The six words that two screens show, for whoever wants to compare them."""

from __future__ import annotations

from typing import Final

from blake3 import blake3

from vaultsync.model.ids import NodeId

_CONTEXT: Final = "vaultsync 2026-11-20 pairing words v1"

WORDS: Final[tuple[str, ...]] = tuple(
    """
    acorn adult agent album amber anchor angle apple apron arch arrow atlas
    autumn bacon badge bagel baker bamboo banjo basket beacon beaver bell bench
    berry bike birch bishop blanket blossom boat bonus book bottle branch bread
    bridge brush bucket button cabin cactus camel camera candle canoe canvas
    carbon carpet carrot castle cedar chair cherry chess circle citrus cliff
    clock cloud clover coast cobalt cocoa comet copper coral corner cotton
    cousin cradle crayon cricket crystal cup curtain cycle daisy dawn deer delta
    desert diamond dinner dolphin donkey door dragon drum eagle echo elbow elm
    ember engine falcon feather fern fiddle field finch flag flame flute forest
    fossil fountain fox garden garlic gate ginger glass globe goat gold grape
    gravel guitar hammer harbor harvest hazel helmet heron hill honey horse
    hotel igloo indigo iron island ivory jacket jaguar jasmine jelly jewel
    jungle kayak kettle kitten koala ladder lagoon lake lamp lantern laptop
    lemon leopard letter lily linen lion lobster locket lotus lumber magnet
    mango maple marble market meadow melon meteor mirror mitten monkey moon
    mosaic mountain museum napkin needle nest nickel noodle north oak oasis
    ocean olive onion opal orange orchid otter owl oxygen paddle palace panda
    paper parrot pasta peach pearl pebble pencil pepper piano picnic pillow
    pilot pine planet plaza plum pocket poem pony poplar potato prairie prism
    pumpkin puzzle quartz rabbit radar radio raven ribbon river robin rocket
    saddle salmon sandal scarf seal shadow silver sketch sparrow spider spoon
    square stone sugar summer sunset swan table temple thunder tiger timber
    tulip turtle velvet violin walnut
    """.split()  # noqa: SIM905
)
"""256 words, so that one byte is one word; common, distinct, hard to mishear."""


def pairing_words(a: NodeId, b: NodeId, secret: bytes) -> tuple[str, str, str, str, str, str]:
    """Six words from both ids and the ticket's secret, the same whichever id comes first.

    48 bits, from BLAKE3 in its key derivation mode over the smaller id, the larger id and the secret.
    """
    low, high = sorted((a.raw, b.raw))
    digest = blake3(low + high + secret, derive_key_context=_CONTEXT).digest(6)
    first, second, third, fourth, fifth, sixth = (WORDS[byte] for byte in digest)
    return (first, second, third, fourth, fifth, sixth)
