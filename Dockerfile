# Duewell's programs: the worker, the starter and the command line. docker-compose.yml says how each one runs.

# The version of Python that the tests run on; the image tag names the release of Debian too.
FROM python:3.11.15-slim-bookworm AS packages

# Only what was locked, each file by its hash, nothing built from source and nothing for development.
COPY requirements-runtime.lock /
RUN python -m venv --without-pip /opt/duewell \
    && pip --python /opt/duewell/bin/python install --no-cache-dir --disable-pip-version-check --no-deps \
        --only-binary=:all: --require-hashes --requirement /requirements-runtime.lock

FROM python:3.11.15-slim-bookworm

ENV PATH="/opt/duewell/bin:$PATH" \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin duewell

COPY --from=packages /opt/duewell /opt/duewell
COPY --chmod=0755 deploy/duewell /opt/duewell/bin/duewell

# All root packages but devstack, which runs servers for the demo and the tests and needs the development packages.
WORKDIR /app
COPY settings.py starter.py worker.py ./
COPY activities/ activities/
COPY console/ console/
COPY db/ db/
COPY dunning/ dunning/
COPY intake/ intake/
COPY mailer/ mailer/
COPY workflows/ workflows/
RUN python -m compileall -q /app

# The files belong to root; the programs can read them, and write nothing.
USER 10001:10001

# No HEALTHCHECK: nobody calls the worker, it calls. It ends when it cannot go on, and is started again; whether it
# gets anywhere is seen from outside (docs/operations.md, Monitoring).
STOPSIGNAL SIGTERM
CMD ["python", "worker.py"]
