"""The sockets of the bridge."""

import socket
from contextlib import closing

import pytest
from aerostream_cloud.bridge.server import Place, bind_all
from aerostream_cloud.errors import CloudError

HERE: Place = (socket.AF_INET, ("127.0.0.1", 0))
#: An address of the documentation's, which no machine has.
ELSEWHERE: Place = (socket.AF_INET, ("192.0.2.1", 0))


@pytest.mark.parametrize("places", [[ELSEWHERE, HERE], [HERE, ELSEWHERE], [HERE, HERE]])
def test_an_address_that_this_machine_lacks_is_left_out_beside_another(places: list[Place]) -> None:
    [bound] = bind_all("localhost", 0, places)
    with closing(bound), closing(socket.create_connection(bound.getsockname())):
        assert bound.getsockname()[0] == "127.0.0.1"


def test_without_any_address_it_says_why() -> None:
    with pytest.raises(CloudError, match=r"^AEROSTREAM_HTTP_HOST there, port 0: Cannot assign"):
        bind_all("there", 0, [ELSEWHERE])


def test_a_port_in_use_on_one_address_is_an_error_though_another_is_free() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        other: Place = (socket.AF_INET, ("127.0.0.2", 0))
        with pytest.raises(CloudError, match=f"^AEROSTREAM_HTTP_PORT {port} is in use on name$"):
            bind_all("name", port, [other, HERE])
