"""What had its time is destroyed: listed, approved by a second person, destroyed whole, certified, kept destroyed."""
