"""Corrupted copies of an observed trace: each breaks one recorded fact at one event."""

import copy


def _payload(event):
    """The key and bytes-as-text of what a call handed out, if that is text of known bytes: one that
    is cut may lie where the log shows nothing of what was written."""
    for key in ("buf", "msg_ptr"):
        value = event.get("out", {}).get(key)
        if isinstance(value, str) and value and event.get("ret") == len(value.encode()):
            return key, value
    return None, None


def _transfers(events):
    return [i for i, event in enumerate(events) if i > 0 and _payload(event)[0]]


def wrong_byte(events):
    """A byte that nobody wrote."""
    for i in reversed(_transfers(events)):
        copied = copy.deepcopy(events)
        key, text = _payload(copied[i])
        copied[i]["out"][key] = ("Z" if text[0] != "Z" else "Y") + text[1:]
        return i, copied
    return None


def wrong_length(events):
    """A transfer that gave one byte less than there was."""
    for i in _transfers(events):
        key, text = _payload(events[i])
        if len(text) > 1 and text.isascii():
            copied = copy.deepcopy(events)
            copied[i]["out"][key] = text[:-1]
            copied[i]["ret"] -= 1
            return i, copied
    return None


def wrong_errno(events):
    """An error in place of a success."""
    for i in _transfers(events):
        copied = copy.deepcopy(events)
        copied[i].pop("out")
        copied[i].update(ret=-1, errno="EBADF")
        return i, copied
    return None


def wrong_order(events):
    """Two transfers of one task that gave each other's bytes."""
    places = _transfers(events)
    for i in places:
        for j in places:
            key, text = _payload(events[i])
            other_key, other = _payload(events[j])
            if i < j and key == other_key and len(text) == len(other) and text != other:
                copied = copy.deepcopy(events)
                copied[i]["out"][key], copied[j]["out"][key] = other, text
                return i, copied
    for i in places:
        key, text = _payload(events[i])
        if text.isascii() and text != text[::-1]:
            copied = copy.deepcopy(events)
            copied[i]["out"][key] = text[::-1]  # one transfer, its bytes in another order
            return i, copied
    return None


def _before_any_writer(events):
    """A reader that returns right after it made its pipe or queue."""
    made = {}  # by task and descriptor: the event that made it last
    for i, event in enumerate(events):
        if event.get("call") == "pipe2" and event.get("ret") == 0:
            made[event["task"], event["out"]["pipefd"][0]] = i
        elif event.get("call") == "mq_open" and event.get("ret", -1) >= 0:
            made[event["task"], event["ret"]] = i
        elif event.get("call") in ("read", "mq_timedreceive") and event.get("ret", 0) > 0:
            place = made.get((event["task"], event.get("fd", event.get("mqdes"))))
            if place is not None:
                copied = copy.deepcopy(events)
                copied.insert(place + 1, copied.pop(i))
                return place + 1, copied
    return _of_nothing(events)


def _of_nothing(events):
    """A reader of a pipe or queue that was just made returns with something."""
    for i, event in enumerate(events):
        if event.get("call") == "pipe2" and event.get("ret") == 0:
            read = {"call": "read", "fd": event["out"]["pipefd"][0], "count": 1, "ret": 1,
                    "out": {"buf": {"len": 1}}}
        elif event.get("call") == "mq_open" and event.get("ret", -1) >= 0:
            read = {"call": "mq_timedreceive", "mqdes": event["ret"], "msg_len": 8192, "ret": 1,
                    "out": {"msg_ptr": {"len": 1}}}
        else:
            continue
        copied = copy.deepcopy(events)
        copied.insert(i + 1, {"task": event["task"], **read})
        return i + 1, copied
    return None


def impossible_wake(events):
    """A reader that returns before anybody began to write."""
    writes = ("write", "writev", "mq_timedsend")
    for i, event in enumerate(events):
        if event.get("return") not in ("read", "mq_timedreceive") or event.get("ret", 0) <= 0:
            continue
        began = max(j for j in range(i)
                    if events[j].get("task") == event["task"] and "call" in events[j])
        bytes_before = any("call" in e and e["call"] in writes for e in events[1:began])
        if not bytes_before and any(e.get("call") in writes for e in events[began + 1:i]):
            copied = copy.deepcopy(events)
            copied.insert(began + 1, copied.pop(i))
            return began + 1, copied
    return _before_any_writer(events)


CORRUPTIONS = (wrong_byte, wrong_length, wrong_errno, wrong_order, impossible_wake)
