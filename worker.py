"""The worker: settings, ledger, mail and Temporal put together. Run as many as you like.

It waits for servers that are away, and stops on SIGINT or SIGTERM after what is on its way has ended.
"""

import asyncio
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.worker import Worker, WorkerDeploymentConfig, WorkerDeploymentVersion

from activities.collection import CollectionActivities
from activities.heartbeat import BEAT_SECONDS
from activities.interface import BULK_QUEUE, COLLECTIONS_QUEUE, MESSAGES_QUEUE, WEBHOOKS_QUEUE
from activities.review import keep_reviewed
from activities.rule_notices import keep_notified
from activities.webhooks import WebhookActivities
from db.engine import Engine, LedgerUnavailable, make_engine, ping, transaction
from db.queries.revision import revision_of
from intake.figures_keeping import keep_figures
from intake.jobs.activity import JobActivities
from intake.jobs.keeping import keep_jobs_running
from intake.mailbox import watch
from intake.mailbox_connection import MailboxAddress
from intake.provider_statuses import ask_provider
from intake.reconcile_activity import ReconcileActivities
from intake.reconcile_keeping import keep_scheduled
from intake.relay import relay
from intake.rules_clock import keep_clock
from intake.webhook_keeping import keep_webhooks
from logs import configure_logs
from mailer.choice import statuses_of, transport_of
from mailer.resend_statuses import ResendStatuses
from mailer.transport import Transport
from settings import Settings, settings
from workflows.bulk_job import BulkJob
from workflows.client import TemporalUnavailable, connect, register_search_attributes
from workflows.invoice_collection import InvoiceCollection
from workflows.reconcile import Reconcile
from workflows.webhook_delivery import WebhookDelivery

RETRY_SECONDS = 2.0
GRACE = timedelta(seconds=30)
# So many bulk jobs a worker does side by side; others wait for their turn.
BULK_THREADS = 2
# So many endpoints a worker speaks to at once, one that takes its time among them.
WEBHOOK_THREADS = 8
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Ways:
    """How messages go out, and how what comes back is learned of: by a mailbox, from the provider, or not."""

    out: Transport
    inbox: MailboxAddress | None
    statuses: ResendStatuses | None


def workers(
    client: Client, engine: Engine, transport: Transport, chosen: Settings, planning_once: Engine | None = None
) -> tuple[Worker, ...]:
    """Return the workers: for processes and planning, for sending, for bulk work and for webhooks.

    `planning_once` is an engine for those that look at one invoice at a time (`make_engine`).
    """
    collection = CollectionActivities(planning_once or engine, transport)
    jobs = JobActivities(engine)
    deployment = WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name="duewell", build_id=chosen.worker_build),
        use_worker_versioning=False,
    )
    # Threads of their own for each: a mail server that takes its time must not hold up what people say.
    planners = ThreadPoolExecutor(chosen.worker_threads, thread_name_prefix="planning")
    senders = ThreadPoolExecutor(chosen.worker_threads, thread_name_prefix="sending")
    planning = Worker(
        client,
        task_queue=COLLECTIONS_QUEUE,
        workflows=[InvoiceCollection],
        activities=[collection.plan_next],
        activity_executor=planners,
        max_concurrent_activities=chosen.worker_threads,
        graceful_shutdown_timeout=GRACE,
        deployment_config=deployment,
    )
    sending = Worker(
        client,
        task_queue=MESSAGES_QUEUE,
        activities=[collection.send_message],
        activity_executor=senders,
        max_concurrent_activities=chosen.worker_threads,
        max_task_queue_activities_per_second=chosen.messages_per_second,
        # Left alone, the SDK would hold beats back until 3 seconds before the server gives the attempt up.
        max_heartbeat_throttle_interval=timedelta(seconds=BEAT_SECONDS),
        graceful_shutdown_timeout=GRACE,
        deployment_config=deployment,
    )
    bulk = Worker(
        client,
        task_queue=BULK_QUEUE,
        workflows=[BulkJob, Reconcile],
        activities=[
            jobs.advance_job,
            jobs.cancel_job,
            ReconcileActivities(engine, client).reconcile_processes,
        ],
        activity_executor=ThreadPoolExecutor(BULK_THREADS, thread_name_prefix="bulk"),
        max_concurrent_activities=BULK_THREADS,
        max_heartbeat_throttle_interval=timedelta(seconds=BEAT_SECONDS),
        graceful_shutdown_timeout=GRACE,
        deployment_config=deployment,
    )
    telling = Worker(
        client,
        task_queue=WEBHOOKS_QUEUE,
        workflows=[WebhookDelivery],
        activities=[WebhookActivities(engine).deliver_webhooks],
        activity_executor=ThreadPoolExecutor(WEBHOOK_THREADS, thread_name_prefix="webhooks"),
        max_concurrent_activities=WEBHOOK_THREADS,
        max_heartbeat_throttle_interval=timedelta(seconds=BEAT_SECONDS),
        graceful_shutdown_timeout=GRACE,
        deployment_config=deployment,
    )
    return planning, sending, bulk, telling


async def main() -> int:
    """Run until a signal says stop; return the exit code."""
    chosen = settings()
    configure_logs(chosen.log_format)
    # Planning or sending in each thread; and bulk jobs, webhooks, and what goes on beside them.
    planning_once = make_engine(chosen.database_url, chosen.worker_threads, plans_once=True)
    engine = make_engine(chosen.database_url, BULK_THREADS + WEBHOOK_THREADS + 4)
    try:
        ways = _ways(chosen)
    except ValueError as error:
        log.error("a setting makes no sense", reason=str(error))
        return 1
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    stop = asyncio.create_task(stopping.wait())
    ready = asyncio.create_task(_servers(engine, chosen))
    await asyncio.wait({stop, ready}, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        ready.cancel()
        return 0
    client = ready.result()
    if client is None:
        return 1
    async with AsyncExitStack() as running:
        for worker in workers(client, engine, ways.out, chosen, planning_once):
            await running.enter_async_context(worker)
        beside = _begin_beside(engine, client, ways)
        log.info("worker is up", temporal=chosen.temporal_address, build=chosen.worker_build)
        await asyncio.wait({stop, *beside}, return_when=asyncio.FIRST_COMPLETED)
        for task in beside:
            task.cancel()
        log.info("worker stops")
    ways.out.close()
    return 0 if stop.done() else 1


def _ways(chosen: Settings) -> _Ways:
    """Return the ways for mail that the settings name. Raises ValueError, without password or key."""
    out = transport_of(
        chosen.smtp_url,
        chosen.resend_api_key,
        chosen.resend_url,
        connections=chosen.worker_threads,
        bounces_to=chosen.bounces_to,
    )
    inbox = None if chosen.inbox_url is None else MailboxAddress.from_url(chosen.inbox_url)
    return _Ways(out, inbox, statuses_of(chosen.resend_api_key, chosen.resend_url))


def _begin_beside(engine: Engine, client: Client, ways: _Ways) -> list[asyncio.Task[None]]:
    """Begin what runs beside the activities, and never ends by itself."""
    work = [relay(engine, client), keep_jobs_running(engine, client), keep_scheduled(engine, client)]
    work.append(keep_webhooks(engine, client))
    work += [keep_reviewed(engine, ways.out)]
    work += [keep_clock(engine), keep_notified(engine, ways.out)]
    work.append(keep_figures(engine))
    if ways.inbox is not None:
        work.append(watch(engine, ways.inbox))
    if ways.statuses is not None:
        work.append(ask_provider(engine, ways.statuses))
    return [asyncio.create_task(one) for one in work]


def _is_current(engine: Engine) -> bool:
    with transaction(engine) as session:
        return revision_of(session).is_current


async def _servers(engine: Engine, chosen: Settings) -> Client | None:
    """Wait for the ledger and Temporal; None if the ledger's schema is not the one of this release."""
    while True:
        try:
            await asyncio.to_thread(ping, engine)
            break
        except LedgerUnavailable as error:
            log.warning("waiting for PostgreSQL", reason=str(error))
            await asyncio.sleep(RETRY_SECONDS)
    if not await asyncio.to_thread(_is_current, engine):
        log.error("the ledger's schema is not this release's; run: duewell migrate")
        return None
    while True:
        try:
            client = await connect(
                chosen.temporal_address,
                chosen.temporal_namespace,
                api_key=chosen.temporal_api_key,
                tls=chosen.temporal_tls,
            )
            await register_search_attributes(client)
        except TemporalUnavailable as error:
            log.warning("waiting for Temporal", reason=str(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return client


if __name__ == "__main__":
    code = asyncio.run(main())
    sys.stdout.flush()
    # As in starter.py: the SDK's threads may abort a Python that takes itself down in order.
    os._exit(code)
