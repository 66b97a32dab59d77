FROM python:3.13-slim AS build
COPY requirements-uv.txt requirements.txt /build/
RUN python -m venv /venv \
    && pip install --no-cache-dir --require-hashes -r /build/requirements-uv.txt \
    && uv pip install --no-cache --python /venv/bin/python --require-hashes -r /build/requirements.txt

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8000
RUN useradd --system --uid 10001 --create-home perfectworks
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# These values are for this command only. The service does not start without its own SECRET_KEY and PUBLIC_BASE_URL.
RUN install -d -o perfectworks var var/mail \
    && SECRET_KEY=only-to-collect-the-static-files-while-the-image-is-built PUBLIC_BASE_URL=https://build.invalid \
       python manage.py collectstatic --noinput --verbosity 0
USER 10001
EXPOSE 8000
HEALTHCHECK --start-period=20s CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz/ready')"]
CMD ["gunicorn", "perfectworks.wsgi:application"]
