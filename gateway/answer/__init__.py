"""Plain HTTP in the internet's place: ``python -m gateway.answer``, a child process of the gateway without rights.

``table``      what is said to which request: lines of JSON from the gateway
``responder``  one connection, one request, one reply
``privilege``  what the process gives up before the first request

The kernel turns a device's connection round to it; nothing else reaches its port. Imports ``model``, h11, and nothing of ours
besides.
"""
