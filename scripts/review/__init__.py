"""What a pull request changes: main's warehouse to compare with, the part of it built anew, and one comment on both."""
