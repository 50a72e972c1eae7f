"""Requests to the batch-size service, which may be away for a moment."""

from __future__ import annotations

import http.client
import json
import logging
import os
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from zeus.optimizer.batch_size.exceptions import ZeusBSOConfigError, ZeusBSORuntimError

__all__ = ["Connection"]

_LOG = logging.getLogger("zeus.optimizer")
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_ANSWER_WITHIN = 30.0


class Connection:
    """One service. Each request has a connection of its own, for they are minutes apart."""

    def __init__(self, url: str, patience: float) -> None:
        """Reads the address; nothing is sent.

        Args:
            url: As in "http://127.0.0.1:8080", with a path before the routes if it has one.
            patience: How long a service that is away is tried again, s.

        Raises:
            ZeusBSOConfigError: It is no such address.
        """
        parts = urlsplit(url if isinstance(url, str) else "")
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise ZeusBSOConfigError(f"server_url: expected an address such as http://127.0.0.1:8080, not {url!r}")
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host = parts.hostname
        self._port = port
        self._path = parts.path.rstrip("/")
        self._url = url
        self._patience = patience

    def request(
        self, method: str, path: str, *, body: str | None = None, query: dict[str, str] | None = None, repeatable: bool
    ) -> Any:
        """Sends it and reads the answer, again and again while the service is away.

        Args:
            method: Such as "POST".
            path: One of the routes.
            body: JSON.
            query: Names and values.
            repeatable: Whether it may be sent again although the service may have seen it.

        Returns:
            The answer's JSON.

        Raises:
            ZeusBSORuntimError: The service refused it, is away for too long, or did not answer with JSON.
        """
        target = self._path + path + (f"?{urlencode(query)}" if query else "")
        deadline = time.monotonic() + self._patience
        pause = _FIRST_PAUSE
        while True:
            try:
                status, text = self._once(method, target, body)
                if status != http.HTTPStatus.SERVICE_UNAVAILABLE:
                    return _answer(status, text)
                trouble = f"Zeus server returned status code {status}: {text}"
            except (OSError, http.client.HTTPException) as error:
                trouble = f"{method} {self._url}{path}: {error or type(error).__name__}"
                if not repeatable and not isinstance(error, ConnectionRefusedError):
                    raise ZeusBSORuntimError(trouble) from error
            if time.monotonic() + pause > deadline:
                raise ZeusBSORuntimError(trouble)
            _LOG.warning("%s; trying again in %.1f s", trouble, pause)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _once(self, method: str, target: str, body: str | None) -> tuple[int, str]:
        connection = self._kind(self._host, self._port, timeout=_ANSWER_WITHIN)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            token = os.environ.get("ZEUS_BSO_TOKEN", "")
            if token:
                headers["Authorization"] = f"Bearer {token}"
            connection.request(method, target, body=None if body is None else body.encode(), headers=headers)
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        finally:
            connection.close()


def _answer(status: int, text: str) -> Any:
    if not 200 <= status < 300:
        raise ZeusBSORuntimError(f"Zeus server returned status code {status}: {text}")
    try:
        return json.loads(text)
    except ValueError as error:
        raise ZeusBSORuntimError(f"Zeus server returned status code {status} and no JSON: {text[:200]}") from error
