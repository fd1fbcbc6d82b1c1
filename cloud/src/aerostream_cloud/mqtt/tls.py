"""TLS towards the broker, and errors in one line."""

import ssl
from pathlib import Path

from aerostream_contract.errors import InvalidSetting
from aerostream_contract.settings import MqttUrl


def tls_context(url: MqttUrl, *, ca: str, certificate: str, key: str) -> ssl.SSLContext | None:
    """The TLS context of an mqtts URL, None for mqtt.

    Raises:
        InvalidSetting: a file cannot be read or is not what it should be.
    """
    if not url.tls:
        return None
    for name, file in (("CA", ca), ("CERT", certificate), ("KEY", key)):
        if file and not Path(file).is_file():
            raise InvalidSetting(f"AEROSTREAM_MQTT_{name}: there is no file {file}")
    try:
        context = ssl.create_default_context(cafile=ca or None)
        if certificate:
            context.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        raise InvalidSetting(f"the TLS files cannot be used: {one_line(error)}") from error
    return context


def one_line(error: BaseException) -> str:
    """An error's text on one line, without an error number."""
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__
