"""Reading a landing area: what has landed, whether it can be read, and the XML that SQL cannot parse."""
