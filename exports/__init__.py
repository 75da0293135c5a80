"""What we owe others: feedback to the supplier and figures for everybody, each file through one safe writer."""
