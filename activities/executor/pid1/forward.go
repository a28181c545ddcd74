package pid1

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// maxForwarded bounds the connections that are forwarded at one time; more are closed.
	maxForwarded = 64
	// forwardIdle ends a connection on which neither side said anything.
	forwardIdle = 10 * time.Minute
	// forwardBuffer is what one direction of one connection holds.
	forwardBuffer = 16 << 10
)

const (
	badGateway = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
	noEgress   = badGateway + "Helm: the egress proxy does not answer. This container has no other way out.\n"
	noHost     = badGateway + "Helm: the host does not answer now. Try again in a moment.\n"
)

// forward joins a loopback port to a socket of the host's. It is part of this process and no helper,
// so that a sweep cannot end it.
func forward(from, to, sorry string) {
	var listener net.Listener
	for {
		var err error
		if listener, err = net.Listen("tcp", from); err == nil {
			break
		}
		os.Stderr.WriteString("helm-executor: cannot listen on " + from + ": " + err.Error() + "; trying again\n")
		time.Sleep(5 * time.Second)
	}
	accept(listener, to, sorry, maxForwarded)
}

// accept serves until the listener is closed; connections beyond limit are closed at once.
func accept(listener net.Listener, to, sorry string, limit int) {
	slots := make(chan struct{}, limit)
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		select {
		case slots <- struct{}{}:
			go func() {
				defer func() { <-slots }()
				forwardOne(conn, to, sorry)
			}()
		default:
			_ = conn.Close()
		}
	}
}

func forwardOne(client net.Conn, to, sorry string) {
	defer client.Close()
	proxy, err := net.DialTimeout("unix", to, dialTimeout)
	if err != nil {
		refuse(client, sorry)
		return
	}
	defer proxy.Close()
	touch(client, proxy)
	var both sync.WaitGroup
	both.Go(func() { pump(proxy, client) })
	both.Go(func() { pump(client, proxy) })
	both.Wait()
}

// refuse tells an HTTP client why, and reads what it had sent so that the answer arrives.
func refuse(client net.Conn, sorry string) {
	_ = client.SetDeadline(time.Now().Add(time.Second))
	_, _ = client.Write([]byte(sorry))
	closeWrite(client)
	_, _ = io.CopyN(io.Discard, client, 64<<10)
}

// pump copies one direction and passes its end on. An error ends both directions.
func pump(dst, src net.Conn) {
	buf := make([]byte, forwardBuffer)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			touch(dst, src)
			if _, werr := dst.Write(buf[:n]); werr != nil {
				_ = src.Close()
				_ = dst.Close()
				return
			}
		}
		if err == io.EOF {
			closeWrite(dst)
			return
		}
		if err != nil {
			_ = src.Close()
			_ = dst.Close()
			return
		}
	}
}

// touch moves the idle limit of both sides: a download keeps its silent upload side open.
func touch(a, b net.Conn) {
	end := time.Now().Add(forwardIdle)
	_ = a.SetDeadline(end)
	_ = b.SetDeadline(end)
}

func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
