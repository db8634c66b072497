"""One vault on this device: its folder, its index and its conversations, as one value without threads or sockets.

Everything here is synchronous and owned by one task at a time (daemon/engine.py runs it in a worker thread; the
simulator calls it inline). Messages come in, messages and events come out.
"""
