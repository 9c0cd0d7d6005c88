# Two stages: the first installs into a virtual environment, the second carries only that. glibc, for the Valkey wheel.
FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/helpdesk-bot
COPY constraints.txt ./
# The CPU build from PyTorch's own index, without several GB of CUDA.
RUN torch="$(grep '^torch==' constraints.txt)" \
    && /opt/helpdesk-bot/bin/pip install --no-deps --index-url https://download.pytorch.org/whl/cpu "$torch"
COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
COPY config ./config
COPY connectors ./connectors
COPY knowledge ./knowledge
RUN /opt/helpdesk-bot/bin/pip install -c constraints.txt ".[postgres]"

FROM python:3.11.14-slim-bookworm
ENV PATH=/opt/helpdesk-bot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 \
    HELPDESK_BOT__DATA_DIR=/data \
    HELPDESK_BOT__WEB__HOST=0.0.0.0 \
    HELPDESK_BOT__WEB__PORT=8080
RUN useradd --create-home --uid 10001 helpdesk \
    && install -d -o helpdesk -g helpdesk -m 700 /data
COPY --from=build /opt/helpdesk-bot /opt/helpdesk-bot
USER 10001:10001
WORKDIR /home/helpdesk
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
CMD ["helpdesk-bot", "run"]
