"""What a fit says of itself: verdict, figures, report."""
