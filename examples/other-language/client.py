"""Calls the echo server from another language, by nothing but docs/protocol.md: its words are used here. Linux, Python 3.9.

    client.py <run-time directory> <text>...

Python has no fences, so this client does what is right without any: it always calls and rings, and never sleeps for long.
"""
import array
import glob
import json
import mmap
import os
import select
import socket
import struct
import sys

REQUEST_READY, RESPONSE_READY, ERROR, GO_ON = 1, 3, 4, 5
HEADER = struct.Struct("<QIBxHI")  # id, method, status, deadline, payload bytes


def pack(value):
    """As msgpack: what control messages are made of."""
    if value is None:
        return b"\xc0"
    if isinstance(value, int):
        return b"\xcf" + struct.pack(">Q", value)
    if isinstance(value, bytes):
        return bytes([0xC4, len(value)]) + value
    if isinstance(value, str):
        return bytes([0xD9, len(value)]) + value.encode()
    return bytes([0x80 + len(value)]) + b"".join(pack(part) for item in value.items() for part in item)


def unpack(data, at=0):
    """The msgpack value that begins at `at`, and where it ends."""
    tag, at = data[at], at + 1
    numbers = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q"}
    if tag < 0x80 or tag == 0xC0:
        return (tag if tag < 0x80 else None), at
    if tag in numbers:
        end = at + struct.calcsize(numbers[tag])
        return struct.unpack(numbers[tag], data[at:end])[0], end
    if 0xA0 <= tag < 0xC0 or tag in (0xC4, 0xD9):
        begin, length = (at, tag & 31) if tag < 0xC0 else (at + 1, data[at])
        value = data[begin : begin + length]
        return (value if tag == 0xC4 else value.decode()), begin + length
    if 0x80 <= tag < 0x90 or tag == 0xDE:
        value, (at, left) = {}, (at, tag & 15) if tag < 0x90 else (at + 2, struct.unpack(">H", data[at : at + 2])[0])
        for _ in range(left):
            key, at = unpack(data, at)
            value[key], at = unpack(data, at)
        return value, at
    raise ValueError(f"msgpack tag {tag:#x}")


def attach(record, slots):
    """Claims slots of a lease. Returns the home's answer, its descriptors, and the connection, whose end is the lease's."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(record["address"])
    connection.send(pack({"type": "hello", "version": 5, "agent": os.urandom(8)}))
    lease = bytes.fromhex(record["lease"])
    connection.send(pack({"type": "attach", "seq": 1, "lease": lease, "slots": slots, "holder": os.urandom(16)}))
    while True:
        data, beside, _, _ = connection.recvmsg(16384, socket.CMSG_SPACE(16))
        message, _ = unpack(data)
        if message["type"] == "refused":
            sys.exit(f"{message['code']}: {message['message']}")
        if message["type"] == "attached":
            return message, array.array("i", b"".join(sent for _, _, sent in beside)), connection


class Client:
    def __init__(self, attached, descriptors):
        slots, layout, arena_bytes = attached["slots"], attached["layout"], attached["arenaBytes"]
        assert layout["name"] == "slots"
        memory, self.server_bell, self.own_bell, board = descriptors
        slot_count, groups = layout["slotCount"], -(-layout["slotCount"] // 64)
        board_bytes = -(-(64 * slot_count + 65 * groups) // 4096) * 4096
        assert os.fstat(memory).st_size == arena_bytes + 4096 and os.fstat(board).st_size == board_bytes
        self.memory = mmap.mmap(memory, arena_bytes + 4096)
        self.board = mmap.mmap(board, board_bytes)
        self.words = memoryview(self.board).cast("I")
        self.stride, self.first, self.count = layout["slotStride"], slots["first"], slots["count"]
        self.calls = 64 * slot_count + slots["client"]
        self.somebody_calls = 64 * (slot_count + groups) + slots["client"] // 64
        self.submitted = self.completed = self.sleeps = 0
        self.id = slots["session"] << 44

    def push(self, slot, status):
        self.memory[(self.first + slot) * self.stride + 12] = status
        self.words[16 * self.first + 1 + self.submitted] = slot + 1
        self.submitted = (self.submitted + 1) % (7 * self.count)
        self.board[self.calls] = self.board[self.somebody_calls] = 1
        os.write(self.server_bell, struct.pack("=Q", 1))

    def next_answered(self):
        at = 16 * self.first + 8 * self.count + self.completed
        while self.words[at] == 0:
            self.sleeps += 1
            self.words[16 * self.first] = self.sleeps
            if self.words[at] == 0 and select.select([self.own_bell], [], [], 0.01)[0]:
                os.read(self.own_bell, 8)
        self.words[16 * self.first] = 0
        slot = (self.words[at] & 0xFFFFFF) - 1
        self.words[at] = 0
        self.completed = (self.completed + 1) % (3 * self.count)
        return slot

    def send(self, slot, call):
        """The request, or its next fragment."""
        at = (self.first + slot) * self.stride
        fragment = call["unsent"][: self.stride - 20]
        HEADER.pack_into(self.memory, at, call["id"], call["method"], 0, 0, len(call["unsent"]))
        self.memory[at + 20 : at + 20 + len(fragment)] = fragment
        call["unsent"] = call["unsent"][len(fragment) :]
        self.push(slot, REQUEST_READY)

    def receive(self, slot, call):
        """The response, or its next fragment; true if it was the last."""
        at = (self.first + slot) * self.stride
        id, _, status, _, left = HEADER.unpack_from(self.memory, at)
        if status == GO_ON:
            return self.send(slot, call)
        assert id == call["id"] and status in (RESPONSE_READY, ERROR), (id, status)
        call["status"] = status
        call["response"] += self.memory[at + 20 : at + 20 + min(left, self.stride - 20)]
        if left > self.stride - 20:
            return self.push(slot, GO_ON)
        self.memory[at + 12] = 0
        return True

    def call_all(self, method, payloads):
        """As many calls at a time as there are payloads, each in its own slot."""
        under_way, done = {}, {}
        for slot, payload in enumerate(payloads):
            self.id += 1
            under_way[slot] = {"id": self.id, "method": method, "unsent": payload, "response": b""}
            self.send(slot, under_way[slot])
        while under_way:
            slot = self.next_answered()
            if self.receive(slot, under_way[slot]):
                done[slot] = under_way.pop(slot)
        return [done[slot] for slot in sorted(done)]


directory, *texts = sys.argv[1:]
with open(glob.glob(f"{directory}/services/echo/*")[0], encoding="utf8") as file:
    found = json.load(file)
answer, descriptors, connection = attach(found, len(texts))
for call in Client(answer, descriptors).call_all(1, [text.encode() for text in texts]):
    assert call["status"] == RESPONSE_READY, call["response"][8:].decode()
    print(call["response"].decode())
