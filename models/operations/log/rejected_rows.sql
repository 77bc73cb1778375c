{{ written_by_hooks() }}
