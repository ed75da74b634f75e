"""gatekeel-devserver, our own small LwM2M server, controlled by lines."""

import json
import os
import queue
import subprocess
import threading
import time

from .case import Failed, patience


class DevServer:
    """Sends commands one by one and reads a JSON object as the answer to each. Passes events to `on_event`."""

    def __init__(self, program, identity, key, on_event):
        self.on_event = on_event
        self.answers = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [str(program), "--no-plain", "--psk", f"{identity}:{key.hex()}"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if "command" in message:
                self.answers.put(message)
            elif "event" in message:
                self.on_event(message)
        self.answers.put(None)

    def command(self, text, seconds=90):
        """Runs one command and returns its answer, even if it failed."""
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        seconds *= patience()
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = self.answers.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise Failed(f"the server did not finish '{text}' within {seconds} s") from None
            if answer is None:
                raise Failed(f"the server ended during '{text}' with status {self.process.wait()}")
            if answer["command"] == text:
                return answer

    def do(self, text, seconds=90):
        """Runs one command, which must succeed."""
        answer = self.command(text, seconds)
        if not answer.get("ok"):
            raise Failed(f"{text}: {answer.get('code', '')} {answer.get('error', '')}".strip())
        return answer

    def read(self, path):
        """The value of a resource; None if it has none."""
        answer = self.command(f"read {path}")
        return answer.get("value") if answer.get("ok") else None

    def stop(self):
        self.process.kill()
        self.process.wait()
