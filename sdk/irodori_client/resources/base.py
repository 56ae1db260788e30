"""Turns steps into methods: one definition is a plain method of `Client` and an awaited one of `AsyncClient`.

`@operation` and `@iteration` are descriptors. What they give depends on the resource's mode, which type checkers and
editors see as well: `Generations[Sync].get` returns a Generation, `Generations[Async].get` a coroutine of one.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from irodori_client.calls import Calls
from irodori_client.effects import Items, Steps

P = ParamSpec("P")
T = TypeVar("T")


class Sync:
    """Methods return; lists are iterators."""


class Async:
    """Methods are awaited; lists are asynchronous iterators."""


Mode = TypeVar("Mode", Sync, Async)


class Driver(Protocol):
    """Carries out steps. What `run` and `each` return depends on the client's mode."""

    def run(self, steps: Steps[Any]) -> Any: ...

    def each(self, steps: Items[Any]) -> Any: ...


class Resource(Generic[Mode]):
    """Methods of one kind of thing. `_calls` builds steps, `_driver` carries them out."""

    def __init__(self, calls: Calls, driver: Driver) -> None:
        self._calls = calls
        self._driver = driver


class operation(Generic[P, T]):  # noqa: N801 - used as a decorator
    """A method that returns one thing."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._steps = steps
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, resource: None, owner: type) -> "operation[P, T]": ...

    @overload
    def __get__(self, resource: Resource[Sync], owner: type) -> Callable[P, T]: ...

    @overload
    def __get__(self, resource: Resource[Async], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, resource: Resource[Any] | None, owner: type) -> Any:
        return self if resource is None else _bound(self._steps, resource, resource._driver.run)


class iteration(Generic[P, T]):  # noqa: N801 - used as a decorator
    """A method that returns an iterator of what its steps emit."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Items[T]]) -> None:
        self._steps = steps
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, resource: None, owner: type) -> "iteration[P, T]": ...

    @overload
    def __get__(self, resource: Resource[Sync], owner: type) -> Callable[P, Iterator[T]]: ...

    @overload
    def __get__(self, resource: Resource[Async], owner: type) -> Callable[P, AsyncIterator[T]]: ...

    def __get__(self, resource: Resource[Any] | None, owner: type) -> Any:
        return self if resource is None else _bound(self._steps, resource, resource._driver.each)


def _bound(steps: Callable[..., Any], resource: object, carry_out: Callable[[Any], Any]) -> Any:
    def method(*args: Any, **kwargs: Any) -> Any:
        return carry_out(steps(resource, *args, **kwargs))

    return update_wrapper(method, steps)
