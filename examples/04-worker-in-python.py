#!/usr/bin/env python3
"""A worker on a bare NATS client, here in Python; every language that speaks NATS can do the same.

    pip install nats-py
    python3 examples/04-worker-in-python.py MASTER [--once]
"""
import asyncio
import base64
import json
import os
import socket
import sys
from datetime import datetime, timezone

import nats

PREFIX = os.environ.get("CORTEX_PREFIX", "cortex")
LOG = "LOG" if PREFIX == "cortex" else PREFIX.replace(".", "_").upper() + "_LOG"
PRIORITIES = ["critical", "high", "medium", "low"]
WORKER = f"python-{socket.gethostname()}-{os.getpid()}"


def now():
    return datetime.now(timezone.utc).isoformat()


def work(task):
    """Your work goes here. What it returns becomes part of the outcome; an exception is `failed`."""
    return {"quality": 1.0, "evidence": [{"kind": "length", "ref": str(len(task["text"]))}]}


async def lease_seconds(nc, master):
    info = await nc.request(f"$JS.API.CONSUMER.INFO.{LOG}.work-{master}-low", b"", timeout=5)
    config = json.loads(info.data).get("config")
    if config is None:
        sys.exit(f'no master "{master}" is registered: npx cortex masters add {master}')
    return config["ack_wait"] / 1e9


async def pull_one(nc, master, turn):
    """Critical first; every eighth turn begins with the lowest, so that none starves."""
    order = PRIORITIES if turn % 8 else PRIORITIES[::-1]
    for priority in order:
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{LOG}.work-{master}-{priority}"
        # old_style: a pulled message comes under its own subject, which a shared reply inbox would not recognise.
        msg = await nc.request(subject, b'{"batch": 1, "no_wait": true}', timeout=2, old_style=True)
        if msg.reply.startswith("$JS.ACK."):
            return msg
    return None


async def still_wanted(nc, subject, revision):
    """Reads the task's last record: it may be cancelled, settled or decided anew by now."""
    key = ".".join(subject.split(".")[: len(PREFIX.split(".")) + 3])
    ask = json.dumps({"last_by_subj": f"{key}.>"}).encode()
    answer = json.loads((await nc.request(f"$JS.API.STREAM.MSG.GET.{LOG}", ask, timeout=5)).data)
    if "message" not in answer:
        return False
    last = json.loads(base64.b64decode(answer["message"]["data"]))
    in_force = last["revision"] if last["step"] == "decided" else last.get("decided_revision")
    return "settled_as" not in last and in_force == revision


async def renew(msg, seconds):
    while True:
        await asyncio.sleep(seconds / 3)
        await msg.respond(b"+WPI")


async def do_one(nc, master, msg, lease):
    record = json.loads(msg.data)
    task, revision = record["task"], record["revision"]
    if not await still_wanted(nc, msg.subject, revision):
        await msg.respond(b"+ACK")
        return False
    # $JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.…: the delivery count is the fence.
    tokens = msg.reply.split(".")
    attempt = int(tokens[6 if len(tokens) >= 11 else 4])
    renewing = asyncio.create_task(renew(msg, lease))
    try:
        if attempt > 1:  # another worker had it: from now on its late claim is refused
            started = {"task": task["id"], "status": "started", "master": master, "worker": WORKER, "attempt": attempt,
                       "revision": revision}
            await nc.request(f"{PREFIX}.outcomes.{master}", json.dumps(started).encode(), timeout=5)
        try:
            result = {"status": "completed", **(await asyncio.to_thread(work, task))}
        except Exception as error:  # a worker survives its work
            result = {"status": "failed", "error": str(error)[:4000]}
        outcome = {**result, "task": task["id"], "master": master, "worker": WORKER, "attempt": attempt,
                   "revision": revision, "finished_at": now()}
        headers = {"Nats-Msg-Id": f"outcome-{task['id']}-{revision}-{attempt}"}
        if msg.headers and "traceparent" in msg.headers:
            headers["traceparent"] = msg.headers["traceparent"]
        # A request, so that the stream's acknowledgement comes back. Only then is the work acknowledged.
        stored = await nc.request(f"{PREFIX}.outcomes.{master}", json.dumps(outcome).encode(), timeout=5, headers=headers)
        if "error" in json.loads(stored.data):
            raise RuntimeError(f"the outcome was not stored: {stored.data.decode()}")
        await msg.respond(b"+ACK")
        print("done", task["id"], result["status"], "attempt", attempt, flush=True)
        return True
    finally:
        renewing.cancel()


async def main(master, once):
    nc = await nats.connect(os.environ.get("NATS_URL", "nats://127.0.0.1:4222"))
    lease = await lease_seconds(nc, master)
    woken = asyncio.Event()

    async def wake(_):
        woken.set()

    # A hint only: the safety look each second finds what nobody announced.
    await nc.subscribe(f"{PREFIX}.live.decided.{master}", cb=wake)
    print(f"{WORKER} does the tasks of {master}", flush=True)
    turn = 0
    while True:
        beat = {"worker": WORKER, "master": master, "at": now(), "status": "idle", "gauges": {"tasks_done": turn}}
        await nc.publish(f"{PREFIX}.telemetry.{WORKER}", json.dumps(beat).encode())
        woken.clear()
        msg = await pull_one(nc, master, turn)
        if msg:
            turn += 1
            if await do_one(nc, master, msg, lease) and once:
                break
            continue
        try:
            await asyncio.wait_for(woken.wait(), 1)
        except asyncio.TimeoutError:
            pass
    await nc.drain()


if len(sys.argv) < 2:
    sys.exit(__doc__)
asyncio.run(main(sys.argv[1], "--once" in sys.argv))
