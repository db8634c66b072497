"""The rules of synchronisation: reconcile, plan, session, safety brakes. Pure."""
