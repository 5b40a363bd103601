# What asyncio keeps its tasks in. The VM's own C version reads the VM's clock; this one reads the board's.
from _time import ticks_diff, ticks_ms


class TaskQueue:
    """Tasks ordered by `ph_key`, the ticks at which they are due; equal ones in the order they came."""

    def __init__(self):
        self._tasks = []

    def peek(self):
        return self._tasks[0] if self._tasks else None

    def push(self, task, due=None):
        task.data = None
        task.ph_key = ticks_ms() if due is None else due
        tasks = self._tasks
        at = len(tasks)
        while at and ticks_diff(tasks[at - 1].ph_key, task.ph_key) > 0:
            at -= 1
        tasks.insert(at, task)

    def pop(self):
        return self._tasks.pop(0)

    def remove(self, task):
        self._tasks.remove(task)


class Task:
    """`state`: True runs, a TaskQueue runs and others wait for it, None or False ended. `data`: what it waits for, or
    how it ended. `scope` are the globals of asyncio.core."""

    def __init__(self, coro, scope=None):
        self.coro = coro
        self.data = None
        self.state = True
        self.ph_key = 0
        self._scope = scope

    def __iter__(self):
        if not self.state:
            self.state = False  # somebody has asked how it ended
        elif self.state is True:
            self.state = TaskQueue()
        elif not isinstance(self.state, TaskQueue):
            raise RuntimeError("can't wait")
        return self

    def __next__(self):
        if not self.state:
            raise self.data
        waiting = self._scope["cur_task"]
        self.state.push(waiting)
        waiting.data = self

    def done(self):
        return not self.state

    def cancel(self):
        if not self.state:
            return False
        scope = self._scope
        if self is scope["cur_task"]:
            raise RuntimeError("can't cancel self")
        task = self
        while isinstance(task.data, Task):
            task = task.data  # the one at the end of the chain is what runs
        queue = scope["_task_queue"]
        if hasattr(task.data, "remove"):
            task.data.remove(task)
            queue.push(task)
        elif ticks_diff(task.ph_key, ticks_ms()) > 0:
            queue.remove(task)
            queue.push(task)
        task.data = scope["CancelledError"]
        return True
