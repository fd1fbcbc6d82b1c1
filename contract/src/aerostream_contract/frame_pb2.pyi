from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Clock(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLOCK_BOOT: _ClassVar[Clock]
    CLOCK_RECEIPT: _ClassVar[Clock]
    CLOCK_UTC: _ClassVar[Clock]
CLOCK_BOOT: Clock
CLOCK_RECEIPT: Clock
CLOCK_UTC: Clock

class Frame(_message.Message):
    __slots__ = ("schema", "epoch", "number", "body", "deflated", "others")
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    DEFLATED_FIELD_NUMBER: _ClassVar[int]
    OTHERS_FIELD_NUMBER: _ClassVar[int]
    schema: int
    epoch: int
    number: int
    body: Body
    deflated: bytes
    others: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, schema: _Optional[int] = ..., epoch: _Optional[int] = ..., number: _Optional[int] = ..., body: _Optional[_Union[Body, _Mapping]] = ..., deflated: _Optional[bytes] = ..., others: _Optional[_Iterable[int]] = ...) -> None: ...

class Body(_message.Message):
    __slots__ = ("sections", "events")
    SECTIONS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    sections: _containers.RepeatedCompositeFieldContainer[Section]
    events: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, sections: _Optional[_Iterable[_Union[Section, _Mapping]]] = ..., events: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Section(_message.Message):
    __slots__ = ("component", "boot", "clock", "offset_us", "series", "rows", "tick_us", "layouts", "layout_sizes", "values", "value_counts", "instances", "texts")
    COMPONENT_FIELD_NUMBER: _ClassVar[int]
    BOOT_FIELD_NUMBER: _ClassVar[int]
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    OFFSET_US_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    TICK_US_FIELD_NUMBER: _ClassVar[int]
    LAYOUTS_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_SIZES_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    VALUE_COUNTS_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    component: int
    boot: int
    clock: Clock
    offset_us: int
    series: _containers.RepeatedScalarFieldContainer[int]
    rows: _containers.RepeatedScalarFieldContainer[int]
    tick_us: _containers.RepeatedScalarFieldContainer[int]
    layouts: bytes
    layout_sizes: _containers.RepeatedScalarFieldContainer[int]
    values: _containers.RepeatedScalarFieldContainer[int]
    value_counts: _containers.RepeatedScalarFieldContainer[int]
    instances: _containers.RepeatedScalarFieldContainer[str]
    texts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, component: _Optional[int] = ..., boot: _Optional[int] = ..., clock: _Optional[_Union[Clock, str]] = ..., offset_us: _Optional[int] = ..., series: _Optional[_Iterable[int]] = ..., rows: _Optional[_Iterable[int]] = ..., tick_us: _Optional[_Iterable[int]] = ..., layouts: _Optional[bytes] = ..., layout_sizes: _Optional[_Iterable[int]] = ..., values: _Optional[_Iterable[int]] = ..., value_counts: _Optional[_Iterable[int]] = ..., instances: _Optional[_Iterable[str]] = ..., texts: _Optional[_Iterable[str]] = ...) -> None: ...
