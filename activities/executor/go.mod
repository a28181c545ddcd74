module dev.helm/executor

go 1.26
