#!/usr/bin/env Rscript
# three_figures.R DIRECTORY [OUTPUT.pdf]: three figures of a run, by R alone (Debian: r-base-core).
#
# DIRECTORY is that of `halp-sim run -o`. All is read from observations.csv, one row per observation: nodes over time, the
# dead share of the views over time, and how long nodes took to join. A line is a run.
arguments <- commandArgs(trailingOnly = TRUE)
directory <- arguments[1]
output <- if (length(arguments) > 1) arguments[2] else "three_figures.pdf"

# Seeds have 64 bits, which R would round: they are text.
all_rows <- read.csv(file.path(directory, "observations.csv"), na.strings = character(0),
                     colClasses = c("integer", "character", "character", "numeric", "character", "numeric", "character"))
rows <- all_rows[all_rows$phase != "whole run", ]
runs <- unique(rows$run)
begins <- sapply(unique(rows$phase), function(phase) min(rows$time_s[rows$phase == phase]))

lines_of <- function(measure, ...) {
  for (run in runs) {
    one <- rows[rows$run == run & rows$measure == measure, ]
    one <- one[order(one$time_s), ]
    lines(one$time_s, one$value, type = "s", ...)  # values hold until the next one: an event is a step
  }
}
empty_plot <- function(measure, title, unit) {
  shown <- rows[rows$measure == measure, ]
  plot(NULL, xlim = c(0, max(shown$time_s)), ylim = c(0, max(shown$value, 1e-3)), main = title,
       xlab = "virtual time, s", ylab = unit)
  abline(v = begins, lty = 3, col = "gray")
  mtext(names(begins), at = begins, side = 3, cex = 0.5, line = 0, adj = 0)
}

pdf(output, width = 15, height = 4.5)
par(mfrow = c(1, 3))
empty_plot("living", "Living nodes; dashed: in the largest component", "nodes")
lines_of("living", col = "steelblue")
lines_of("largest_component", col = "darkorange", lty = 2)
empty_plot("dead_share", "Dead share of the views", "share of view entries")
lines_of("dead_share", col = "steelblue")
took <- rows[rows$measure == "join_s", ]
plot(NULL, xlim = range(took$value, 0), ylim = c(0, 1), main = "Join time (ECDF)", xlab = "s",
     ylab = "share of the nodes that joined")
for (run in runs) {
  one <- sort(took$value[took$run == run])
  lines(one, seq_along(one) / length(one), type = "s", col = "steelblue")
}
invisible(dev.off())
living <- rows[rows$measure == "living", ]
ends <- sapply(runs, function(run) { one <- living[living$run == run, ]; one$value[which.max(one$time_s)] })
cat(sprintf("%d runs, %d observations, %d nodes at the end; written to %s\n", length(runs), nrow(all_rows),
            as.integer(median(ends)), output))
