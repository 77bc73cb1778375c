"""The data diff: what differs between two warehouses, which metrics move, and whom it concerns."""
