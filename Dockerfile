# Duewell's programs: the worker, the starter and the command line. docker-compose.yml says how each one runs.

# The version of Python that the tests run on; the tag names the release of Debian too.
FROM python:3.11.15-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /build

# uv and the build backend come from the developers' lock. Like everything else they are checked by their hashes.
COPY requirements.lock ./
RUN awk '/^[a-z]/ { keep = /^uv==/ } keep' requirements.lock > uv-only.lock \
    && pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes --requirement uv-only.lock \
    && uv venv --quiet --python /usr/local/bin/python backend \
    && uv pip install --quiet --python backend --require-hashes --constraint requirements.lock \
        "$(grep --only-matching '^hatchling==[^ ]*' requirements.lock)"

# What runs in production, without the development packages; nothing is built from source.
COPY requirements-runtime.lock ./
RUN uv venv --quiet --python /usr/local/bin/python /opt/duewell \
    && uv pip install --quiet --compile-bytecode --python /opt/duewell --no-deps --only-binary :all: --require-hashes \
        --requirement requirements-runtime.lock

COPY pyproject.toml README.md logs.py phrase.py settings.py starter.py worker.py ./
COPY activities/ activities/
COPY console/ console/
COPY db/ db/
COPY devstack/ devstack/
COPY dunning/ dunning/
COPY rules/ rules/
COPY intake/ intake/
COPY mailer/ mailer/
COPY workflows/ workflows/
RUN uv build --quiet --wheel --no-build-isolation --python backend --out-dir dist \
    && uv pip install --quiet --compile-bytecode --python /opt/duewell --no-deps dist/*.whl

FROM python:3.11.15-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin duewell
COPY --from=build /opt/duewell /opt/duewell
ENV PATH="/opt/duewell/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1

# All files belong to root: the programs read them, and write nothing.
USER 10001:10001
WORKDIR /opt/duewell

# No HEALTHCHECK: nobody calls the worker, it calls. It ends when it cannot go on and is started again; whether it
# gets anywhere is seen from outside (docs/operations.md, Monitoring).
STOPSIGNAL SIGTERM
CMD ["python", "-m", "worker"]
