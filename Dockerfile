FROM python:3.12-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN useradd --system --uid 10001 --no-create-home dunning
WORKDIR /app

# The pinned packages change less often than the code: a layer of their own. Wheels only, so no compiler is needed.
COPY requirements/runtime.lock requirements/runtime.lock
RUN pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/runtime.lock

COPY domain domain
COPY activities activities
COPY gateways gateways
COPY workflows workflows
COPY service service
COPY runtime runtime
COPY cli cli
COPY web web
COPY policies policies
COPY worker.py starter.py ./

USER dunning
STOPSIGNAL SIGTERM
# No healthcheck here: the image also runs starter.py and web. docker-compose.yml has theirs.
CMD ["python", "worker.py"]
