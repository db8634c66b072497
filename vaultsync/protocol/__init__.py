"""What travels between peers: messages, their codec, framing and limits. Pure."""
