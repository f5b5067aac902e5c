"""A service whose calls are simulated event by event: it calls others, or crashes, or copies of calls are withdrawn from its queues."""

from collections import deque
from heapq import heappush

from labs_py.model.agenda import Agenda
from labs_py.model.architecture import Service
from labs_py.model.balancer import Choose
from labs_py.model.faults import Pace
from labs_py.model.frame import Job, Place
from labs_py.model.outcome import CRASHED, DEGRADED, DOWN, FULL, LATE, OK, SHED
from labs_py.model.tally import ServiceTally
from labs_py.model.ticks import NEVER, ticks


class _Nobody:
    """The caller of a call that nobody wants any more."""

    gone_at = -1.0

    def resume(self, at: float, outcome: str, answerer: object) -> None:
        """Hear nothing."""


_NOBODY = _Nobody()


class Instance(Place):
    """One instance: busy workers, the queue before them, and, if it may ever crash, all calls inside."""

    __slots__ = ("busy", "inside", "queue", "up")

    def __init__(self, pace: Pace | None, crashes: bool) -> None:
        super().__init__(pace)
        self.busy = 0
        self.queue: deque[Job] = deque()
        self.inside: dict[Job, None] | None = {} if crashes else None
        self.up = True

    def load(self, now: float) -> int:
        """Return how many calls wait or are in service."""
        return self.busy + len(self.queue)

    def waiting(self, now: float) -> int:
        """Return how many calls wait."""
        return len(self.queue)

    def working(self, now: float) -> int:
        """Return how many workers are taken."""
        return self.busy


class Host:
    """The instances of a service. Times are in nanoseconds."""

    __slots__ = (
        "agenda",
        "blocking",
        "choose",
        "instances",
        "limit",
        "on_end",
        "on_worked",
        "servers",
        "shed",
        "tally",
        "up",
    )

    def __init__(
        self, service: Service, agenda: Agenda, choose: Choose, instances: list[Instance], tally: ServiceTally
    ) -> None:
        self.agenda = agenda
        self.choose = choose
        self.instances = instances
        self.up = list(instances)  # those that the balancer may pick
        self.servers = NEVER if service.servers is None else service.servers
        self.limit = NEVER if service.queue_limit is None else service.queue_limit
        self.shed = NEVER if service.shed_after is None else ticks(service.shed_after)
        self.blocking = service.blocking
        self.tally = tally
        self.on_worked = self.worked
        self.on_end = self.end

    def arrive(self, now: float, job: Job) -> None:
        """Take a call, let it wait, or refuse it."""
        if job.caller.gone_at <= job.began:
            return  # the caller was gone before it could send it
        up = self.up
        job.work = job.call.draw()
        job.arrived = now
        if job.span is not None:
            job.span.arrived = now
        if not up:
            job.answer(now, self.tally.refuse(DOWN))
            return
        instance = up[0] if len(up) == 1 else up[self.choose(up, now)]
        if instance.busy < self.servers:
            self.begin(now, job, instance)
        elif len(instance.queue) >= self.limit:
            job.answer(now, self.tally.refuse(FULL))
        else:
            job.place = instance
            instance.queue.append(job)

    def begin(self, now: float, job: Job, instance: Instance) -> None:
        """Give a free worker to a call."""
        if now >= job.deadline:
            job.answer(now, self.tally.refuse(LATE))
            return
        tally = self.tally
        tally.served += 1
        tally.waited += now - job.arrived
        tally.worked += job.work
        job.place = instance
        instance.busy += 1
        if instance.inside is not None:
            instance.inside[job] = None
        if job.span is not None:
            job.span.started = now
        finish = now + job.work if instance.pace is None else instance.pace.finish(now, job.work)
        if finish < NEVER:
            heappush(self.agenda.heap, (finish, self.agenda.number(), self.on_worked, job))

    def worked(self, now: float, job: Job) -> None:
        """Go on to a call's own calls when the service's own work is done."""
        if job.gone_at <= now:
            return
        if not self.blocking:
            self.release(now, job.place)
        if len(job.steps) > 1:
            job.steps[0].start(now, job)
        else:
            self.end(now, job)

    def end(self, now: float, job: Job) -> None:
        """Free the worker and send the answer."""
        if job.gone_at <= now:
            return
        instance = job.place
        if instance.inside is not None:
            del instance.inside[job]
        if self.blocking:
            if instance.queue:
                self.release(now, instance)
            else:
                instance.busy -= 1
        job.answer(now, job.outcome or (DEGRADED if job.degraded else OK))

    def withdraw(self, job: Job) -> None:
        """Forget a call that has not begun."""
        job.caller = _NOBODY
        if job.place is not None and job in job.place.queue:
            job.place.queue.remove(job)

    def release(self, now: float, instance: Instance) -> None:
        """Give the worker that has got free to the next call that still wants it."""
        instance.busy -= 1
        queue = instance.queue
        while queue and instance.busy < self.servers:
            job = queue.popleft()
            if now - job.arrived > self.shed:
                job.answer(now, self.tally.refuse(SHED))
            else:
                self.begin(now, job, instance)

    def crash(self, now: float, instance: Instance) -> None:
        """Take an instance down: what it was working on and what waited fails, and it forgets what it knew."""
        instance.up = False
        self.up = [other for other in self.instances if other.up]
        broken = [*(instance.inside or ()), *instance.queue]
        instance.inside = {}
        instance.queue.clear()
        instance.busy = 0
        instance.memory = {}
        for job in broken:
            job.kill(now)
            job.answer(now, CRASHED)

    def restart(self, now: float, instance: Instance) -> None:
        """Bring an instance back, idle."""
        instance.up = True
        self.up = [other for other in self.instances if other.up]
