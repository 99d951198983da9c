"""A cache that its users share: `record_cache.py WORD...` prints the SHA-256 of each word, and computes only those that
nobody has computed before. The records are kept by DHT nodes (`halpd --dht-port 10000 --dht-test-client`)."""

import hashlib
import sys

import halp

CHANNEL = "sha256"


def key_of(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")


def main(words: list[str]) -> None:
    with halp.open() as h, h.dht() as dht:
        for word in words:
            found = dht.get(CHANNEL, key_of(word))
            if found is None:
                found = hashlib.sha256(word.encode()).hexdigest().encode()
                dht.put(CHANNEL, key_of(word), found)
                print(word, found.decode(), "computed")
            else:
                print(word, found.decode(), "from the cache")


if __name__ == "__main__":
    main(sys.argv[1:])
